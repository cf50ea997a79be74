/* Load for the handshake scenarios: connect, TLS 1.3 handshake, one GET, close; again and again, one at
 * a time in each of a few threads' worth of connections is not needed, because what is measured is the
 * server's CPU time per operation, not its throughput.
 *   hs_load PORT NAME COUNT full|resumed      prints how many answers of status 200 came, and how
 * many handshakes were resumed; fails unless every answer came, and all of them were resumed but the
 * first where that was asked for, none where it was not. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static SSL_SESSION *session;

static int on_session(SSL *ssl, SSL_SESSION *s)
{
    SSL_SESSION_free(session);
    session = s;
    return 1;
}

static int dial(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a))
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* 1: answered 200; *reused tells whether the session was resumed. */
static int once(SSL_CTX *ctx, int port, const char *name, int resume, int *reused)
{
    char in[8192], out[512];
    int fd = dial(port), n, ok = 0;
    if (fd < 0)
        return 0;
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    SSL_set_tlsext_host_name(ssl, name);
    if (resume && session) { /* a copy: OpenSSL uses one only once, and h2o 2.2 sends no successor */
        SSL_SESSION *copy = SSL_SESSION_dup(session);
        SSL_set_session(ssl, copy);
        SSL_SESSION_free(copy);
    }
    if (SSL_connect(ssl) == 1) {
        n = snprintf(out, sizeof out, "GET /1k.html HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                     name);
        if (SSL_write(ssl, out, n) == n) {
            n = SSL_read(ssl, in, sizeof in);
            ok = n > 12 && memcmp(in, "HTTP/1.1 200", 12) == 0;
            while (SSL_read(ssl, in, sizeof in) > 0)
                ;
        }
        *reused = SSL_session_reused(ssl);
        /* OpenSSL takes a session for broken whose connection goes without a close_notify of ours. */
        SSL_set_quiet_shutdown(ssl, 1);
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    close(fd);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int resume = strcmp(argv[4], "resumed") == 0, count = atoi(argv[3]), ok = 0, reused = 0, seen = 0;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    SSL_CTX_set1_groups_list(ctx, "X25519");
    SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
    for (int i = 0; i < count; i++) {
        ok += once(ctx, atoi(argv[1]), argv[2], resume, &reused);
        seen += reused;
    }
    printf("%d %d\n", ok, seen);
    SSL_SESSION_free(session);
    SSL_CTX_free(ctx);
    return ok == count && seen == (resume ? count - 1 : 0) ? 0 : 1;
}
