/* The opt-out list: whoever stands in one that was read is left alone, and all that is beneath a "*.". */
#include "audit/exclude.h"
#include "wire/idn.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t seed[2] = {5, 6};

static void try_range(const struct exclude *e, const struct ip_range *r)
{
    struct addr a;
    ip_range_addr(r->first, &a);
    assert(exclude_addr(e, &a));
    ip_range_addr(r->last, &a);
    assert(exclude_addr(e, &a));
}

static void try_name(const struct exclude *e, struct str word)
{
    char ascii[IDN_MAX], below[IDN_MAX + 2];
    bool tree = str_starts(word, STR("*.")) || str_starts(word, STR("."));
    struct str name = str_from(word, !tree ? 0 : word.p[0] == '*' ? 2 : 1);
    assert(idn_to_ascii(name, ascii, &name) == 0);
    assert(exclude_name(e, name));
    memcpy(below, "x.", 2);
    memcpy(below + 2, name.p, name.n);
    assert(!tree || exclude_name(e, str_of(below, name.n + 2)));
}

static void try_word(const struct exclude *e, struct str word)
{
    struct ip_range r;
    bool brackets = word.n > 2 && word.p[0] == '[' && word.p[word.n - 1] == ']';
    if (ip_range_parse(&r, brackets ? str_sub(word, 1, word.n - 2) : word) == 0)
        try_range(e, &r);
    else
        try_name(e, word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size), line;
    struct exclude e;
    unsigned at;
    exclude_init(&e, seed);
    int err = exclude_read(&e, in, &at);
    assert(err == 0 || err == -ERR_SYNTAX);
    assert(!err || at > 0);
    for (size_t i = 1; i < e.nranges; i++) /* sorted and apart */
        assert(memcmp(e.ranges[i].first, e.ranges[i - 1].last, 16) > 0);
    while (!err && in.n && str_split(&in, '\n', &line)) {
        line = str_sub(line, 0, str_find(line, '#', 0));
        struct str word = str_trim(str_sub(line, 0, line.n - (line.n && line.p[line.n - 1] == '\r')));
        if (word.n)
            try_word(&e, word);
    }
    exclude_name(&e, str_sub(str_of((const char *)data, size), 0, 300));
    exclude_done(&e);
    return 0;
}
