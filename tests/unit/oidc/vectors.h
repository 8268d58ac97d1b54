// SPDX-License-Identifier: AGPL-3.0-or-later
// Keys and tokens made by the openssl command (tests/e2e/oidc_provider.py); the private halves were thrown away. Among the
// keys are some that must be passed over: too short, a shared secret, another curve, one for encryption.
#ifndef LARDER_TESTS_OIDC_VECTORS_H
#define LARDER_TESTS_OIDC_VECTORS_H

static const char keys_json[] =
    "{\"keys\": [{\"kty\": \"RSA\", \"kid\": \"r1\", \"use\": \"sig\", \"n\": \"v1CmygtFQlOCp"
    "FBmeryjUa8Mcsqz9Dwq2Da_AW-Z3OjZw-r2H9PXHSyHnUvSwMRXiAjqw1Y3OFBOeK5xKzw0hAVGGe7bnzSsvu7Pe"
    "vqOp65pClcVP7YdIKa8cdE5tyGia7FWSCtpbmTm4oL15DxriJgwYuUvFjdEl4oRawp19S8C2MWEO8o_04zuqRhpe"
    "sba9k5tGMeXOJvEt707YtZdhY5mmuDRt3ZoZQwrpS2wVyC4xbv6ksc2gi1yxLUIwNxil-NhVOA_yWSNELLembcm0"
    "-5Jem1B25XHYxjiwthzgXJz8sEeoec7WpNR3hCkRLZR3H58vgy863c_66EmnmTtbw\", \"e\": \"AQAB\"}, {"
    "\"kty\": \"EC\", \"crv\": \"P-256\", \"kid\": \"e1\", \"use\": \"sig\", \"x\": \"6Uo-0QK"
    "FpxiAFH3Q5hIYGFKDE3Mp4c25LJQ3WGnx78c\", \"y\": \"M_-ND6d8bOIX7yi35qpXrC14USzq0XtN-VZn9vk"
    "_ukM\"}, {\"kty\": \"RSA\", \"kid\": \"weak\", \"use\": \"sig\", \"alg\": \"RS256\", \"n"
    "\": \"xxGBzqZv1VnKYRUMROUF6qPLbgeXIdiv-NiGU34DJpp5DZvC8KwhhLf_CA8NiLu690bndBpTQHqZftokOf"
    "wkuCgLgDmaNm6hRsJ5fpX3tJW_srWUmUuDjOdUkfgoYT-e5QkoT3v4_Z40YhIt4tsVzBIksGE-VXUuTSvSM-IreF"
    "M\", \"e\": \"AQAB\"}, {\"kty\": \"oct\", \"kid\": \"s\", \"k\": \"AAAA\"}, {\"kty\": \""
    "EC\", \"crv\": \"P-384\", \"kid\": \"x\", \"x\": \"AA\", \"y\": \"AA\"}, {\"kty\": \"RSA"
    "\", \"kid\": \"enc\", \"use\": \"enc\", \"alg\": \"RS256\", \"n\": \"v1CmygtFQlOCpFBmery"
    "jUa8Mcsqz9Dwq2Da_AW-Z3OjZw-r2H9PXHSyHnUvSwMRXiAjqw1Y3OFBOeK5xKzw0hAVGGe7bnzSsvu7PevqOp65"
    "pClcVP7YdIKa8cdE5tyGia7FWSCtpbmTm4oL15DxriJgwYuUvFjdEl4oRawp19S8C2MWEO8o_04zuqRhpesba9k5"
    "tGMeXOJvEt707YtZdhY5mmuDRt3ZoZQwrpS2wVyC4xbv6ksc2gi1yxLUIwNxil-NhVOA_yWSNELLembcm0-5Jem1"
    "B25XHYxjiwthzgXJz8sEeoec7WpNR3hCkRLZR3H58vgy863c_66EmnmTtbw\", \"e\": \"AQAB\"}]}";

static const char token_rs256[] =
    "eyJhbGciOiAiUlMyNTYiLCAidHlwIjogIkpXVCIsICJraWQiOiAicjEifQ.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpb"
    "i5leGFtcGxlIiwgImF1ZCI6ICJsYXJkZXIiLCAiaWF0IjogMTcwMDAwMDAwMCwgImV4cCI6IDE3MDAwMDAzMDAsI"
    "CJub25jZSI6ICJuLTEiLCAic3ViIjogInUtMSIsICJncm91cHMiOiBbInN0YWZmIl19.O9LSUgCdqNBzIFmzCrvE"
    "_MGLaZBkVz2fm0NQlzNRnB0TltOPeE4IHasrnIXrdn4ORKKp-CkYVH_QuvdIgFzPD_X6T--snhv3U1tti5HjRGkB"
    "KcNSePFLY3sEeG_LmEicpzOU1KJ_E89DuAKdEKXFu9v4H-pFltAJtytfP-BqYmuZEDvL8Zj_P1r598_Dsrg7UjKt"
    "7LEKHIZAiE1X-Bvgc5HPd7B7viWD70U2eulfhqciL_0ITWKsffjbrDaSkueOxOixHJV61YtetKOLefvTsyL3Llka"
    "j7WMKU1nWxBe1JIZmRrjdy-xl1sZcSXmYkfXmi1XOfyNTQoMLjBMYIDi-g";

static const char token_ps256[] =
    "eyJhbGciOiAiUFMyNTYiLCAidHlwIjogIkpXVCIsICJraWQiOiAicjEifQ.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpb"
    "i5leGFtcGxlIiwgImF1ZCI6ICJsYXJkZXIiLCAiaWF0IjogMTcwMDAwMDAwMCwgImV4cCI6IDE3MDAwMDAzMDAsI"
    "CJub25jZSI6ICJuLTEiLCAic3ViIjogInUtMSIsICJncm91cHMiOiBbInN0YWZmIl19.qyIKRxH-JbI6H-LllqPc"
    "5qPLEbtP7cYmLqsbI5U5He07EjTJKxyKyj-37SisA5e0tdohu2OCusSbbzO1sfLs4vchPKvorZ8iqQcTDZW50nc0"
    "vwnA2yAyVBOv3cYCOEaEzY2yarxjlJS7G6XVsRsQfaN7GOujBcPvrWXgE1yp_xA-RCmh6rLo5sL_Mknw7o3N7ROn"
    "dB8btL5VQymw9LQefnLiniQGBqa7mBxS7ekiTt3MsJdctoKbIU4xgpXvtk9wdZZulfZjQz_GQT3loMtmDRrRz3vK"
    "xMfPCkVRom88pijUW0rY4Q19v9BfBmbrvgE8T0nYPVHL6GG6rs5tH4SO5g";

static const char token_es256[] =
    "eyJhbGciOiAiRVMyNTYiLCAidHlwIjogIkpXVCIsICJraWQiOiAiZTEifQ.eyJpc3MiOiAiaHR0cHM6Ly9sb2dpb"
    "i5leGFtcGxlIiwgImF1ZCI6ICJsYXJkZXIiLCAiaWF0IjogMTcwMDAwMDAwMCwgImV4cCI6IDE3MDAwMDAzMDAsI"
    "CJub25jZSI6ICJuLTEiLCAic3ViIjogInUtMSIsICJncm91cHMiOiBbInN0YWZmIl19.SaVHqfMBciIHJzSn8ZYx"
    "C2OYuIUK1LhLSbIWqJeuq_iBOfidmNIbGPN0aiOcOpcqy0J0WiN1rlkbLEr5lLT-mw";

#endif
