/* Raw bytes into a whole HTTP/1 session in virtual time. The first byte says how: bit 0 ends the
 * client's side behind the input, bits 1-2 are the size of the pipe, the others how the input is cut.
 * Whatever comes: every exchange ends once, what is answered begins like a response, and the session
 * ends when time passes. */
#define WORLD_SESSION h1_session_new
#include "../unit/http/h2_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pipes[] = {64, 1000, 16384, 1 << 18};
    if (size == 0)
        return 0;
    uint8_t how = *data++;
    size_t total = --size;
    struct world w;
    world_init(&w, pipes[how >> 1 & 3], NULL, STR_NONE);
    w.in.max = 1 << 17; /* then it reads no more: "/big/" may be of any size */
    size_t step = (how >> 3) ? (size_t)(how >> 3) * 11 : SIZE_MAX;
    while (size) {
        size_t n = size < step ? size : step;
        if (!client_send(&w, data, n))
            break;
        data += n;
        size -= n;
        world_run(&w);
    }
    if (how & 1 && stream_shutdown(w.client))
        world_run(&w); /* it is gone already */
    world_pass(&w, 200 * SECOND);
    struct str in = buf_str(&w.in);
    assert(in.n == 0 || str_starts(STR("HTTP/1.1 "), str_sub(in, 0, 9)));
    if (!w.closed) {
        /* Only an exchange that waits for its handler ("/hold") has no deadline. That the peer goes
         * is noticed, unless more requests wait behind it than are read ahead. */
        assert(w.begun > w.gone);
        w.client->on_event = NULL;
        stream_close(w.client, true);
        w.client = NULL;
        world_run(&w);
        assert(w.closed || total > 4096);
    }
    world_done_free(&w);
    assert(w.begun == w.gone);
    return 0;
}
