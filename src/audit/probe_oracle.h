/* The vectors of the two probes that look for oracles: of CBC padding and of RSA encryption. */
#ifndef AUDIT_PROBE_ORACLE_H
#define AUDIT_PROBE_ORACLE_H

/* A record that an honest client would not send, in an established connection of TLS 1.0 to 1.2 with
 * a CBC suite. What the server does about it must not depend on which. */
enum cbc_vector {
    CBC_BAD_MAC,        /* wrong MAC, right padding */
    CBC_SHORT,          /* shorter than a MAC, padding incomplete */
    CBC_BAD_PADDING,    /* right MAC, a padding byte altered, its length right */
    CBC_BAD_LAST,       /* the same with the byte next to the length */
    CBC_ALL_PADDING,    /* right padding and nothing else */
    CBC_BAD_MAC_EMPTY,  /* wrong MAC, right padding, no content (CVE-2019-1559) */
    CBC_VECTORS,
    CBC_LUCKY_MINUS_20 = CBC_VECTORS, /* 0x0f in all of one block (CVE-2016-2107) */
    CBC_HONEST,         /* the request as it should be: does this suite carry HTTP at all? */
};
const char *cbc_vector_name(int v);

/* A ClientKeyExchange, RSA-encrypted, with a block that is PKCS #1 v1.5 or not quite. */
enum robot_vector {
    ROBOT_GOOD,
    ROBOT_WRONG_PREFIX,  /* does not begin with 00 02 */
    ROBOT_NO_ZERO,       /* no 00 between padding and secret */
    ROBOT_ZERO_MISPLACED, /* 00 within the first eight bytes of padding */
    ROBOT_WRONG_VERSION, /* the secret's first two bytes */
    ROBOT_VECTORS,
    ROBOT_SHORT = 8,     /* or-ed: without ChangeCipherSpec and Finished behind it */
};
const char *robot_vector_name(int v);

#endif
