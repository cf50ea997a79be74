/* Runs of bytes; see scan.h. SSE2 is the baseline of x86-64, so there is no run-time choice;
 * wider vectors were rejected: fields are mostly shorter than 32 bytes, and mixing them costs
 * more than it gives. Loads never pass the end of the slice: the last one overlaps the one before. */
#include "wire/scan.h"

#if __SSE2__
#include <emmintrin.h>

/* Behind a good block at i: the last one of the slice overlaps what was looked at already, so that
 * only slices below 16 bytes are done byte by byte. */
static size_t next_block(size_t i, size_t n)
{
    i += 16;
    return i < n && n - i < 16 ? n - 16 : i;
}
#endif

static bool is_value_byte(unsigned char c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static bool is_target_byte(unsigned char c)
{
    return c > 0x20 && c < 0x7f;
}

size_t scan_value(struct str s)
{
    size_t i = 0;
#if __SSE2__
    const __m128i tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f), low = _mm_set1_epi8(0x1f);
    while (i + 16 <= s.n) {
        __m128i v = _mm_loadu_si128((const __m128i *)(s.p + i));
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, low), v);
        __m128i bad =
            _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(v, tab), control), _mm_cmpeq_epi8(v, del));
        unsigned mask = (unsigned)_mm_movemask_epi8(bad);
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
        i = next_block(i, s.n);
    }
#endif
    while (i < s.n && is_value_byte((unsigned char)s.p[i]))
        i++;
    return i;
}

size_t scan_target(struct str s)
{
    size_t i = 0;
#if __SSE2__
    const __m128i del = _mm_set1_epi8(0x7f), space = _mm_set1_epi8(0x20);
    while (i + 16 <= s.n) {
        __m128i v = _mm_loadu_si128((const __m128i *)(s.p + i));
        /* signed: bytes from 0x80 on are below the space, so they are refused as well */
        __m128i good = _mm_andnot_si128(_mm_cmpeq_epi8(v, del), _mm_cmpgt_epi8(v, space));
        unsigned mask = (unsigned)_mm_movemask_epi8(good) ^ 0xffffu;
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
        i = next_block(i, s.n);
    }
#endif
    while (i < s.n && is_target_byte((unsigned char)s.p[i]))
        i++;
    return i;
}

static const bool tchar[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1,         ['&'] = 1,         ['\''] = 1,
    ['*'] = 1, ['+'] = 1, ['-'] = 1, ['.'] = 1,         ['^'] = 1,         ['_'] = 1,
    ['`'] = 1, ['|'] = 1, ['~'] = 1, ['0' ... '9'] = 1, ['a' ... 'z'] = 1, ['A' ... 'Z'] = 1,
};

size_t scan_token(struct str s)
{
    size_t i = 0;
    while (i < s.n && tchar[(unsigned char)s.p[i]])
        i++;
    return i;
}

bool scan_is_value(struct str s)
{
    return scan_value(s) == s.n && str_trim(s).n == s.n;
}
