// SPDX-License-Identifier: AGPL-3.0-or-later
// larder-read FILE [--check|--read|--page N --width W --out FILE] [--type NAME] [--fast] [--model FILE]
// A developer's program: runs a format's code on one file and prints findings, info, progress and elements as JSON lines,
// so that golden tests, fuzz finds and bug reports can be looked at. It has no sandbox: for files that you trust, or for
// a machine that you can lose. The server never starts it.
#include "reader/media.h"
#include "wire/json_out.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 64 << 20 };

struct dump {
    bool progress; // print progress lines too
    const char *out_path; // where a picture goes; NULL: only its size is told
};

static void print_line(struct buf *b)
{
    buf_add_char(b, '\n');
    if (buf_ok(b)) {
        fwrite(b->data, 1, b->len, stdout);
    } else {
        puts("{\"error\":\"the line is too long\"}");
    }
}

static int dump_finding(void *ctx, const struct finding *f)
{
    AUTO_BUF b = BUF_INIT(LINE_MAX_BYTES);
    struct json_out j;
    (void)ctx;
    json_begin(&j, &b);
    json_begin_object(&j);
    json_key(&j, "finding");
    finding_put_json(&j, f);
    json_end(&j);
    print_line(&b);
    return 0;
}

static int dump_element(void *ctx, const struct element *e)
{
    AUTO_BUF b = BUF_INIT(LINE_MAX_BYTES);
    struct json_out j;
    (void)ctx;
    json_begin(&j, &b);
    json_begin_object(&j);
    json_key(&j, "element");
    element_put_json(&j, e);
    json_end(&j);
    print_line(&b);
    return 0;
}

static int dump_progress(void *ctx, int64_t done, int64_t total)
{
    if (((struct dump *)ctx)->progress) {
        printf("{\"progress\":[%lld,%lld]}\n", (long long)done, (long long)total);
    }
    return 0;
}

static int dump_info(void *ctx, const char *key, const char *text, double number)
{
    AUTO_BUF b = BUF_INIT(LINE_MAX_BYTES);
    struct json_out j;
    (void)ctx;
    json_begin(&j, &b);
    json_begin_object(&j);
    json_key_object(&j, "info");
    if (text) {
        json_key_text(&j, key, text);
    } else {
        json_key_double(&j, key, number);
    }
    json_end(&j);
    json_end(&j);
    print_line(&b);
    return 0;
}

static int dump_image(
    void *ctx, const char *name, const char *media_type, const void *bytes, size_t len)
{
    struct dump *d = ctx;
    AUTO_BUF b = BUF_INIT(LINE_MAX_BYTES);
    struct json_out j;
    json_begin(&j, &b);
    json_begin_object(&j);
    json_key_object(&j, "image");
    json_key_text(&j, "name", name);
    json_key_text(&j, "media_type", media_type);
    json_key_int(&j, "bytes", (int64_t)len);
    json_end(&j);
    json_end(&j);
    print_line(&b);
    if (d->out_path) {
        FILE *f = fopen(d->out_path, "wb");
        if (!f || fwrite(bytes, 1, len, f) != len) {
            perror(d->out_path);
        }
        if (f) {
            fclose(f);
        }
    }
    return 0;
}

static int usage(void)
{
    fputs("usage: larder-read FILE [--check|--read|--page N [--width W] [--out FILE]] [--type "
          "NAME] [--fast] [--model FILE] [--progress]\n"
          "Without --check, --read or --page it checks, then reads.\n",
        stderr);
    return 64;
}

static int map_file(const char *path, struct slice *ret)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        perror(path);
        return -1;
    }
    void *bytes = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (bytes == MAP_FAILED) {
        perror(path);
        return -1;
    }
    *ret = (struct slice){ bytes, (size_t)st.st_size };
    return 0;
}

int main(int argc, char **argv)
{
    struct dump dump = { .progress = false };
    struct reader_sink sink = { dump_finding, dump_element, dump_progress, dump_info, dump_image,
        &dump };
    struct reader r = { .limits = &reader_limits_default, .sink = &sink, .hi_res = true };
    const char *path = NULL, *type = NULL;
    bool check = false, read = false;
    int page = 0, width = 1000;
    struct error err = { .code = 0 };

    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--check") == 0) {
            check = true;
        } else if (strcmp(argv[i], "--read") == 0) {
            read = true;
        } else if (strcmp(argv[i], "--fast") == 0) {
            r.hi_res = false;
        } else if (strcmp(argv[i], "--progress") == 0) {
            dump.progress = true;
        } else if (strcmp(argv[i], "--page") == 0 && more) {
            page = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--width") == 0 && more) {
            width = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--out") == 0 && more) {
            dump.out_path = argv[++i];
        } else if (strcmp(argv[i], "--model") == 0 && more) {
            media_set_model(open(argv[++i], O_RDONLY | O_CLOEXEC));
        } else if (strcmp(argv[i], "--type") == 0 && more) {
            type = argv[++i];
        } else if (argv[i][0] != '-' && !path) {
            path = argv[i];
        } else {
            return usage();
        }
    }
    if (!path) {
        return usage();
    }
    const char *dot = strrchr(path, '.');
    const struct format_info *info = type  ? format_by_name(slice_of(type))
                                     : dot ? format_by_extension(slice_of(dot + 1))
                                           : NULL;
    const struct reader_format *format = info ? reader_format_find(info->id) : NULL;
    if (!format) {
        fputs("no reader for this type; name one with --type\n", stderr);
        return 64;
    }
    if (map_file(path, &r.input) != 0) {
        return 66;
    }
    r.format = info->id;
    if (format->init) {
        format->init();
    }
    if (!check && !read && !page) {
        check = read = true;
    }
    int rc = 0;
    if (check) {
        rc = format->check(&r, &err);
    }
    if (rc == 0 && read) {
        rc = format->read(&r, &err);
    }
    if (rc == 0 && page) {
        rc = format->render ? format->render(&r, page, width, &err)
                            : error_set(&err, ERR_UNSUPPORTED, "This type has no page images.");
    }
    if (rc != 0) {
        fflush(stdout);
        fprintf(stderr, "%s: %s\n", error_kind(rc)->word, err.text);
    }
    return error_kind(rc)->exit_code;
}
