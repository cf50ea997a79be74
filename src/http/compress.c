/* gzip (RFC 1952), Brotli (RFC 7932) and Zstandard (RFC 8878) behind one interface of three
 * functions. Windows are kept at 256 to 512 KiB: what a bigger one wins on a web page is not worth
 * megabytes for each response under way (and RFC 9659 limits zstd's to 8 MiB anyway). */
#include "http/compress.h"
#include "http/filter.h"

#include <brotli/encode.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define GZIP_WINDOW (15 + 16) /* 32 KiB, with a gzip header */
#define BROTLI_WINDOW 18      /* log2 of bytes */
#define ZSTD_WINDOW 19
#define WHOLE_STEP (16 * 1024)

/* Owned by the filter, or by compress_whole for its call. */
struct compressor {
    enum coding coding;
    union {
        z_stream gzip;
        BrotliEncoderState *br;
        ZSTD_CCtx *zstd;
    };
};

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

static bool gzip_init(struct compressor *c, int level)
{
    return deflateInit2(&c->gzip, clamp(level, 1, 9), Z_DEFLATED, GZIP_WINDOW, 8,
                        Z_DEFAULT_STRATEGY) == Z_OK;
}

/* 6 as configured becomes 5: from 6 on Brotli is too slow to run for each response. */
static bool br_init(struct compressor *c, int level, uint64_t size)
{
    c->br = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    if (!c->br)
        return false;
    BrotliEncoderSetParameter(c->br, BROTLI_PARAM_QUALITY, (uint32_t)clamp(level - 1, 1, 9));
    BrotliEncoderSetParameter(c->br, BROTLI_PARAM_LGWIN, BROTLI_WINDOW);
    if (size < UINT32_MAX)
        BrotliEncoderSetParameter(c->br, BROTLI_PARAM_SIZE_HINT, (uint32_t)size);
    return true;
}

/* 6 as configured becomes zstd's own default, 3. */
static bool zstd_init(struct compressor *c, int level, uint64_t size)
{
    c->zstd = ZSTD_createCCtx();
    if (!c->zstd)
        return false;
    ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_compressionLevel, clamp(level / 2, 1, 9));
    ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_windowLog, ZSTD_WINDOW);
    /* No ZSTD_CCtx_setPledgedSrcSize: a handler that says less than it promised would then fail in
     * the middle instead of being cut by its own length. */
    (void)size;
    return true;
}

struct compressor *compressor_new(enum coding coding, int level, uint64_t size)
{
    struct compressor *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->coding = coding;
    bool ok = coding == CODING_GZIP   ? gzip_init(c, level)
              : coding == CODING_BR   ? br_init(c, level, size)
              : coding == CODING_ZSTD ? zstd_init(c, level, size)
                                      : false;
    if (ok)
        return c;
    free(c);
    return NULL;
}

void compressor_free(struct compressor *c)
{
    if (!c)
        return;
    if (c->coding == CODING_GZIP)
        deflateEnd(&c->gzip);
    else if (c->coding == CODING_BR)
        BrotliEncoderDestroyInstance(c->br);
    else
        ZSTD_freeCCtx(c->zstd);
    free(c);
}

static int gzip_run(struct compressor *c, enum compress_op op, struct str *in, char *out, size_t cap,
                    size_t *ret_n)
{
    static const int flush[] = {Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
    z_stream *z = &c->gzip;
    size_t part = in->n < UINT32_MAX ? in->n : UINT32_MAX;
    bool all = part == in->n;
    z->next_in = (Bytef *)(uintptr_t)in->p;
    z->avail_in = (uInt)part;
    z->next_out = (Bytef *)out;
    z->avail_out = (uInt)(cap < UINT32_MAX ? cap : UINT32_MAX);
    size_t room = z->avail_out;
    int r = deflate(z, all ? flush[op] : Z_NO_FLUSH);
    if (r == Z_STREAM_ERROR)
        return -ERR_INTERNAL;
    *in = str_from(*in, part - z->avail_in);
    *ret_n = room - z->avail_out;
    if (op == COMPRESS_END)
        return r == Z_STREAM_END;
    return in->n == 0 && z->avail_out > 0; /* a full output may hide more */
}

static int br_run(struct compressor *c, enum compress_op op, struct str *in, char *out, size_t cap,
                  size_t *ret_n)
{
    static const BrotliEncoderOperation ops[] = {
        BROTLI_OPERATION_PROCESS, BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_FINISH};
    const uint8_t *p = (const uint8_t *)in->p;
    uint8_t *to = (uint8_t *)out;
    size_t left = in->n, room = cap;
    if (!BrotliEncoderCompressStream(c->br, ops[op], &left, &p, &room, &to, NULL))
        return -ERR_NOMEM; /* the only way in which it fails */
    *in = str_from(*in, in->n - left);
    *ret_n = cap - room;
    if (op == COMPRESS_END)
        return BrotliEncoderIsFinished(c->br);
    return left == 0 && !BrotliEncoderHasMoreOutput(c->br);
}

static int zstd_run(struct compressor *c, enum compress_op op, struct str *in, char *out, size_t cap,
                    size_t *ret_n)
{
    static const ZSTD_EndDirective ops[] = {ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end};
    ZSTD_inBuffer from = {in->p, in->n, 0};
    ZSTD_outBuffer to = {out, cap, 0};
    size_t r = ZSTD_compressStream2(c->zstd, &to, &from, ops[op]);
    if (ZSTD_isError(r))
        return -ERR_NOMEM;
    *in = str_from(*in, from.pos);
    *ret_n = to.pos;
    return op == COMPRESS_MORE ? in->n == 0 : r == 0;
}

int compressor_run(struct compressor *c, enum compress_op op, struct str *in, char *out, size_t cap,
                   size_t *ret_n)
{
    switch (c->coding) {
    case CODING_GZIP:
        return gzip_run(c, op, in, out, cap, ret_n);
    case CODING_BR:
        return br_run(c, op, in, out, cap, ret_n);
    default:
        return zstd_run(c, op, in, out, cap, ret_n);
    }
}

int compress_whole(int coding, int level, struct str in, struct buf *out)
{
    struct compressor *c = compressor_new((enum coding)coding, level, in.n);
    int r = c ? 0 : -ERR_NOMEM;
    while (r == 0) {
        size_t n = 0, room = buf_room(out) < WHOLE_STEP ? buf_room(out) : WHOLE_STEP;
        if (room == 0)
            r = -ERR_LIMIT;
        else if ((r = buf_reserve(out, room)) == 0)
            r = compressor_run(c, COMPRESS_END, &in, buf_end(out), room, &n);
        buf_added(out, n);
    }
    compressor_free(c);
    return r < 0 ? r : 0;
}
