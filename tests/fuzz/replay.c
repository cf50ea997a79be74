/* Replays a corpus through a fuzz target without libFuzzer, then mutates it: each run is the same
 * for the same seed, so a failure can be repeated.
 *   replay_NAME CORPUS_DIR [mutations] [seed]      defaults: 10000 443 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (64 * 1024)
#define CORPUS_MAX 4096

struct input {
    uint8_t *p;
    size_t n;
};

static struct input corpus[CORPUS_MAX];
static size_t corpus_n;
static uint64_t state;

static uint64_t next_random(void) /* xorshift64* */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1du;
}

static void load(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    while (d && (e = readdir(d)) && corpus_n < CORPUS_MAX) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (!f)
            continue;
        uint8_t *p = malloc(INPUT_MAX);
        size_t n = p ? fread(p, 1, INPUT_MAX, f) : 0;
        fclose(f);
        if (p)
            corpus[corpus_n++] = (struct input){p, n};
    }
    if (d)
        closedir(d);
}

/* An exact-size heap copy, so that AddressSanitizer sees a read one byte past the end. */
static void run(const uint8_t *p, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1);
    if (!exact)
        abort();
    memcpy(exact, p, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

static size_t mutate(uint8_t *p, size_t n)
{
    static const uint8_t spice[] = "\r\n\0 \t:;,/%.\"\\=0\x7f\x80\xff";
    for (unsigned rounds = 1 + next_random() % 4; rounds; rounds--) {
        size_t at = n ? next_random() % n : 0;
        switch (next_random() % 6) {
        case 0: /* flip a bit */
            if (n)
                p[at] ^= (uint8_t)(1u << next_random() % 8);
            break;
        case 1: /* a byte with a meaning */
            if (n)
                p[at] = spice[next_random() % (sizeof spice - 1)];
            break;
        case 2: /* cut the end */
            n = at;
            break;
        case 3: /* drop a piece */
            if (n) {
                size_t len = 1 + next_random() % (n - at);
                memmove(p + at, p + at + len, n - at - len);
                n -= len;
            }
            break;
        case 4: /* repeat a piece */
            if (n && n < INPUT_MAX / 2) {
                size_t len = 1 + next_random() % (n - at);
                memmove(p + at + len, p + at, n - at);
                n += len;
            }
            break;
        default: { /* the tail of another input */
            const struct input *o = &corpus[next_random() % corpus_n];
            size_t from = o->n ? next_random() % o->n : 0;
            size_t len = o->n - from;
            if (len > INPUT_MAX - at)
                len = INPUT_MAX - at;
            memcpy(p + at, o->p + from, len);
            n = at + len;
        }
        }
    }
    return n;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    unsigned long mutations = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
    state = argc > 3 ? strtoull(argv[3], NULL, 10) : 443;
    load(argv[1]);
    if (corpus_n == 0) {
        fprintf(stderr, "%s: no corpus\n", argv[1]);
        return 2;
    }
    for (size_t i = 0; i < corpus_n; i++)
        run(corpus[i].p, corpus[i].n);
    static uint8_t work[INPUT_MAX];
    for (unsigned long i = 0; i < mutations; i++) {
        const struct input *from = &corpus[next_random() % corpus_n];
        memcpy(work, from->p, from->n);
        run(work, mutate(work, from->n));
    }
    printf("%zu inputs, %lu mutations\n", corpus_n, mutations);
    for (size_t i = 0; i < corpus_n; i++)
        free(corpus[i].p);
    return 0;
}
