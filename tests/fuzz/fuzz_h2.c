/* Raw bytes into a whole HTTP/2 session in virtual time. The first byte says how: bit 0 puts a valid
 * preface in front, bits 1-2 the size of the pipe, the others how the input is cut. Whatever comes:
 * every exchange ends once, and the session ends when time passes. */
#include "../unit/http/h2_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pipes[] = {64, 1000, 16384, 1 << 18};
    if (size == 0)
        return 0;
    uint8_t how = *data++;
    size--;
    struct world w;
    world_init(&w, pipes[how >> 1 & 3], NULL, STR_NONE);
    if (how & 1)
        client_send(&w, preface, sizeof preface - 1);
    size_t step = (how >> 3) ? (size_t)(how >> 3) * 11 : SIZE_MAX;
    while (size) {
        size_t n = size < step ? size : step;
        if (!client_send(&w, data, n))
            break;
        data += n;
        size -= n;
        world_run(&w);
    }
    world_pass(&w, 200 * SECOND);
    if (!w.closed) {
        /* Exchanges that wait for their handler ("/hold") have no deadline: the peer does. */
        w.client->on_event = NULL;
        stream_close(w.client, true);
        world_run(&w);
        assert(w.closed);
        w.client = NULL;
    }
    world_done_free(&w);
    assert(w.begun == w.gone);
    return 0;
}
