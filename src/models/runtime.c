// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements runtime.h over the C interface of ONNX Runtime. Its table of functions only ever grows at the end (the
// library's own promise, checked there at compile time), so the few that are needed are named here by their place.
#include "models/runtime.h"
#include "base/log.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    API_VERSION = 16, // asked for; any later library answers it
    ELEMENT_FLOAT = 1,
    ELEMENT_INT64 = 7,
    OPTIMISE_ALL = 99,
    LOG_WARNINGS = 2,
    ALLOCATOR_ARENA = 1, // of OrtAllocatorType
    MEMORY_DEFAULT = 0, // of OrtMemType
    INPUTS_MAX = 3,
};

// Opaque things of the library.
struct ort_env;
struct ort_status;
struct ort_session;
struct ort_options;
struct ort_value;
struct ort_memory;
struct ort_allocator;
struct ort_shape;

// Places in the table of functions.
enum {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_OPTIONS = 10,
    DISABLE_MEM_PATTERN = 17,
    SET_OPTIMISATION = 23,
    SET_INTRA_THREADS = 24,
    SET_INTER_THREADS = 25,
    SESSION_INPUT_COUNT = 30,
    SESSION_OUTPUT_COUNT = 31,
    SESSION_INPUT_NAME = 36,
    SESSION_OUTPUT_NAME = 37,
    CREATE_TENSOR_WITH_DATA = 49,
    TENSOR_DATA = 51,
    ELEMENT_TYPE = 60,
    DIMENSIONS_COUNT = 61,
    DIMENSIONS = 62,
    TENSOR_SHAPE = 65,
    CREATE_CPU_MEMORY_INFO = 69,
    ALLOCATOR_FREE = 76,
    DEFAULT_ALLOCATOR = 78,
    RELEASE_STATUS = 93,
    RELEASE_MEMORY_INFO = 94,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_SHAPE = 99,
    RELEASE_OPTIONS = 100,
};
struct ort_api {
    void *functions[RELEASE_OPTIONS + 1];
};
struct ort_base {
    const struct ort_api *(*get_api)(uint32_t version);
    const char *(*version)(void);
};

typedef struct ort_status *status;
#define CALL(api, place, type) ((type)(api)->functions[place])

struct runtime_session {
    void *library;
    const struct ort_api *api;
    struct ort_session *session;
    struct ort_options *options;
    struct ort_memory *memory;
    char *inputs[INPUTS_MAX], *output;
    size_t input_count;
};

// One environment a process, as the library wants it; it lives as long as the process.
static pthread_mutex_t env_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct ort_env *env;

static int failed(const struct ort_api *api, status s, const char *what, struct error *err)
{
    if (!s) {
        return 0;
    }
    log_warn("model.runtime", LS("what", what),
        LS("said", CALL(api, GET_ERROR_MESSAGE, const char *(*)(status))(s)));
    CALL(api, RELEASE_STATUS, void (*)(status))(s);
    return error_set(err, ERR_UNSUPPORTED, "The model can't be used: %s.", what);
}

char *runtime_library(const char *set, const char *folder)
{
    AUTO_FREE char *own = xasprintf("%s/libonnxruntime.so.1", folder);
    bool own_there = access(own, R_OK) == 0;

    return xstrdup(set && set[0] ? set : own_there ? own : "libonnxruntime.so.1");
}

char *model_beside(const char *model, const char *ending)
{
    const char *dot = strrchr(model, '.'), *slash = strrchr(model, '/');
    int stem = dot && (!slash || dot > slash) ? (int)(dot - model) : (int)strlen(model);

    return xasprintf("%.*s%s", stem, model, ending);
}

static int load_library(struct runtime_session *s, const char *library, struct error *err)
{
    // The library stays: it registers things that can't be taken back.
    s->library = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!s->library) {
        log_warn("model.library", LS("said", dlerror()));
        return error_set(err, ERR_NOT_FOUND, "The library that runs models can't be loaded.");
    }
    const struct ort_base *(*base)(void) = NULL;
    *(void **)&base = dlsym(s->library, "OrtGetApiBase");
    s->api = base ? base()->get_api(API_VERSION) : NULL;
    if (!s->api) {
        return error_set(
            err, ERR_UNSUPPORTED, "The library that runs models is not of a known form.");
    }
    int rc = 0;
    pthread_mutex_lock(&env_mutex);
    if (!env) {
        rc = failed(s->api,
            CALL(s->api, CREATE_ENV, status(*)(int, const char *, struct ort_env **))(
                LOG_WARNINGS, "larder", &env),
            "its library does not start", err);
    }
    pthread_mutex_unlock(&env_mutex);
    return rc;
}

typedef status (*name_fn)(struct ort_session *, size_t, struct ort_allocator *, char **);

static int copy_name(
    struct runtime_session *s, int place, size_t index, char **ret, struct error *err)
{
    struct ort_allocator *a = NULL;
    char *name = NULL;
    int rc = failed(s->api, CALL(s->api, DEFAULT_ALLOCATOR, status(*)(struct ort_allocator **))(&a),
        "it has no memory", err);

    rc = rc ? rc
            : failed(s->api, CALL(s->api, place, name_fn)(s->session, index, a, &name),
                  "its inputs have no names", err);
    if (rc == 0) {
        *ret = xstrdup(name);
        status st =
            CALL(s->api, ALLOCATOR_FREE, status(*)(struct ort_allocator *, void *))(a, name);
        rc = failed(s->api, st, "it can't free memory", err);
    }
    return rc;
}

static int read_shape(struct runtime_session *s, struct error *err)
{
    static const char *const known[] = { "input_ids", "attention_mask", "token_type_ids" };
    size_t outputs = 0;
    typedef status (*count_fn)(const struct ort_session *, size_t *);
    int rc =
        failed(s->api, CALL(s->api, SESSION_INPUT_COUNT, count_fn)(s->session, &s->input_count),
            "its inputs can't be counted", err);

    rc = rc ? rc
            : failed(s->api, CALL(s->api, SESSION_OUTPUT_COUNT, count_fn)(s->session, &outputs),
                  "its outputs can't be counted", err);
    if (rc == 0 && (s->input_count < 1 || s->input_count > INPUTS_MAX || outputs < 1)) {
        s->input_count = 0;
        rc = error_set(err, ERR_UNSUPPORTED, "The model is not one that reads a text's pieces.");
    }
    for (size_t i = 0; rc == 0 && i < s->input_count; i++) {
        bool fits = false;
        rc = copy_name(s, SESSION_INPUT_NAME, i, &s->inputs[i], err);
        for (size_t k = 0; rc == 0 && k < ARRAY_LEN(known); k++) {
            fits = fits || strcmp(s->inputs[i], known[k]) == 0;
        }
        if (rc == 0 && !fits) {
            rc = error_set(err, ERR_UNSUPPORTED, "The model wants an input that is not known.");
        }
    }
    return rc ? rc : copy_name(s, SESSION_OUTPUT_NAME, 0, &s->output, err);
}

static int open_session(struct runtime_session *s, const char *model, struct error *err)
{
    const struct ort_api *api = s->api;
    typedef status (*set_fn)(struct ort_options *, int);
    typedef status (*switch_fn)(struct ort_options *);
    int rc = failed(api, CALL(api, CREATE_OPTIONS, status(*)(struct ort_options **))(&s->options),
        "it has no options", err);

    rc = rc ? rc : failed(api, CALL(api, SET_INTRA_THREADS, set_fn)(s->options, 1), "threads", err);
    rc = rc ? rc : failed(api, CALL(api, SET_INTER_THREADS, set_fn)(s->options, 1), "threads", err);
    rc = rc ? rc
            : failed(api, CALL(api, SET_OPTIMISATION, set_fn)(s->options, OPTIMISE_ALL),
                  "optimisation", err);
    // Every text has its own length, so a pattern of memory would be kept for each of them.
    rc =
        rc ? rc : failed(api, CALL(api, DISABLE_MEM_PATTERN, switch_fn)(s->options), "memory", err);
    rc = rc ? rc
            : failed(api,
                  CALL(api, CREATE_SESSION,
                      status(*)(const struct ort_env *, const char *, const struct ort_options *,
                          struct ort_session **))(env, model, s->options, &s->session),
                  "its file can't be read", err);
    rc = rc ? rc
            : failed(api,
                  CALL(api, CREATE_CPU_MEMORY_INFO, status(*)(int, int, struct ort_memory **))(
                      ALLOCATOR_ARENA, MEMORY_DEFAULT, &s->memory),
                  "it has no memory", err);
    return rc ? rc : read_shape(s, err);
}

int runtime_open(
    const char *library, const char *model, struct runtime_session **ret, struct error *err)
{
    struct stat st;

    if (stat(model, &st) != 0 || !S_ISREG(st.st_mode)) {
        return error_set(err, ERR_NOT_FOUND, "The model's file is not there.");
    }
    if (st.st_size > RUNTIME_MODEL_BYTES_MAX) {
        return error_set(err, ERR_TOO_LARGE, "The model's file is too large.");
    }
    struct runtime_session *s = xalloc(sizeof(*s));
    int rc = load_library(s, library, err);
    rc = rc ? rc : open_session(s, model, err);
    if (rc < 0) {
        runtime_close(s);
        return rc;
    }
    *ret = s;
    return 0;
}

void runtime_close(struct runtime_session *s)
{
    if (!s) {
        return;
    }
    if (s->memory) {
        CALL(s->api, RELEASE_MEMORY_INFO, void (*)(struct ort_memory *))(s->memory);
    }
    if (s->session) {
        CALL(s->api, RELEASE_SESSION, void (*)(struct ort_session *))(s->session);
    }
    if (s->options) {
        CALL(s->api, RELEASE_OPTIONS, void (*)(struct ort_options *))(s->options);
    }
    for (size_t i = 0; i < INPUTS_MAX; i++) {
        free(s->inputs[i]);
    }
    free(s->output);
    if (s->library) {
        dlclose(s->library);
    }
    free(s);
}

// Copies out what the answer holds: the sequence's vectors, [1, count, dimension] or [1, dimension].
static int take_output(struct runtime_session *s, struct ort_value *value, float **ret,
    size_t *ret_rows, size_t *ret_dimension, struct error *err)
{
    const struct ort_api *api = s->api;
    struct ort_shape *shape = NULL;
    int64_t dims[4] = { 0 };
    size_t count = 0;
    int type = 0;
    float *data = NULL;
    int rc = failed(api,
        CALL(api, TENSOR_SHAPE, status(*)(const struct ort_value *, struct ort_shape **))(
            value, &shape),
        "its answer has no shape", err);

    rc = rc ? rc
            : failed(api,
                  CALL(api, ELEMENT_TYPE, status(*)(const struct ort_shape *, int *))(shape, &type),
                  "its answer has no type", err);
    rc = rc ? rc
            : failed(api,
                  CALL(api, DIMENSIONS_COUNT, status(*)(const struct ort_shape *, size_t *))(
                      shape, &count),
                  "its answer has no shape", err);
    if (rc == 0 && (type != ELEMENT_FLOAT || count < 1 || count > 3)) {
        rc = error_set(err, ERR_UNSUPPORTED, "The model's answer is not made of vectors.");
    }
    rc = rc ? rc
            : failed(api,
                  CALL(api, DIMENSIONS, status(*)(const struct ort_shape *, int64_t *, size_t))(
                      shape, dims, count),
                  "its answer has no shape", err);
    rc = rc ? rc
            : failed(api,
                  CALL(api, TENSOR_DATA, status(*)(struct ort_value *, void **))(
                      value, (void **)&data),
                  "its answer has no data", err);
    if (rc == 0) {
        int64_t rows = count == 3 ? dims[1] : 1, width = dims[count - 1];
        if (dims[0] != 1 || rows < 1 || width < 1 || width > RUNTIME_DIMENSION_MAX ||
            rows * width * (int64_t)sizeof(float) > RUNTIME_OUTPUT_MAX) {
            rc = error_set(err, ERR_UNSUPPORTED, "The model's answer has an unexpected shape.");
        } else {
            *ret = xalloc((size_t)(rows * width) * sizeof(float));
            memcpy(*ret, data, (size_t)(rows * width) * sizeof(float));
            *ret_rows = (size_t)rows;
            *ret_dimension = (size_t)width;
        }
    }
    if (shape) {
        CALL(api, RELEASE_SHAPE, void (*)(struct ort_shape *))(shape);
    }
    return rc;
}

static int run(struct runtime_session *s, const int32_t *tokens, const int32_t *types, size_t count,
    float **ret, size_t *ret_rows, size_t *ret_dimension, struct error *err)
{
    const struct ort_api *api = s->api;
    int64_t *numbers = xalloc(3 * count * sizeof(*numbers)), shape[2] = { 1, (int64_t)count };
    struct ort_value *values[INPUTS_MAX] = { NULL }, *output = NULL;
    int rc = 0;

    for (size_t i = 0; i < count; i++) {
        numbers[i] = tokens[i];
        numbers[count + i] = 1;
        numbers[2 * count + i] = types ? types[i] : 0;
    }
    for (size_t i = 0; rc == 0 && i < s->input_count; i++) {
        size_t part = s->inputs[i][0] == 'i' ? 0 : s->inputs[i][0] == 'a' ? 1 : 2;
        rc = failed(api,
            CALL(api, CREATE_TENSOR_WITH_DATA,
                status(*)(const struct ort_memory *, void *, size_t, const int64_t *, size_t, int,
                    struct ort_value **))(s->memory, numbers + part * count,
                count * sizeof(*numbers), shape, 2, ELEMENT_INT64, &values[i]),
            "its input can't be made", err);
    }
    rc = rc ? rc
            : failed(api,
                  CALL(api, RUN,
                      status(*)(struct ort_session *, const void *, const char *const *,
                          const struct ort_value *const *, size_t, const char *const *, size_t,
                          struct ort_value **))(s->session, NULL, (const char *const *)s->inputs,
                      (const struct ort_value *const *)values, s->input_count,
                      (const char *const *)&s->output, 1, &output),
                  "it failed at a text", err);
    rc = rc ? rc : take_output(s, output, ret, ret_rows, ret_dimension, err);
    for (size_t i = 0; i <= INPUTS_MAX; i++) {
        struct ort_value *v = i < INPUTS_MAX ? values[i] : output;
        if (v) {
            CALL(api, RELEASE_VALUE, void (*)(struct ort_value *))(v);
        }
    }
    free(numbers);
    return rc;
}

int runtime_run(struct runtime_session *s, const int32_t *tokens, size_t count, float **ret,
    size_t *ret_rows, size_t *ret_dimension, struct error *err)
{
    return run(s, tokens, NULL, count, ret, ret_rows, ret_dimension, err);
}

int runtime_score(struct runtime_session *s, const int32_t *tokens, const int32_t *types,
    size_t count, float *ret, struct error *err)
{
    size_t rows = 0, dimension = 0;
    float *data = NULL;
    int rc = run(s, tokens, types, count, &data, &rows, &dimension, err);

    if (rc == 0 && dimension > 2) {
        rc = error_set(err, ERR_UNSUPPORTED, "The model does not score pairs of texts.");
    }
    if (rc == 0) {
        *ret = dimension == 2 ? data[1] - data[0] : data[0]; // of two, the second says "fits"
    }
    free(data);
    return rc;
}
