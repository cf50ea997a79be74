/* Dates: what is read, is written and read as the same; any number can be written. */
#include "wire/date.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(int64_t wall)
{
    char text[DATE_TEXT + 1];
    int64_t back;
    date_format(wall, text);
    assert(strlen(text) == DATE_TEXT);
    assert(date_parse(str_of(text, DATE_TEXT), &back) == 0);
    if (wall >= INT64_C(-62135596800) && wall <= INT64_C(253402300799))
        assert(back == wall);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t wall = 0;
    if (date_parse(str_of((const char *)data, size), &wall) == 0)
        round_trip(wall);
    if (size >= sizeof wall) {
        memcpy(&wall, data, sizeof wall);
        round_trip(wall);
        round_trip(wall % INT64_C(253402300800));
    }
    return 0;
}
