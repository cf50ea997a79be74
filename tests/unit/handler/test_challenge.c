/* Answers to certificate authorities: what is handed out of the directory, and above all what is not.
 * 404 here is what the front takes for "go on with the redirect". */
#include "fake_engine.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define PREFIX "/.well-known/acme-challenge/"
#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA"
#define THUMBPRINT "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
#define ANSWER TOKEN "." THUMBPRINT

static struct fake fake;
static char home[] = "/tmp/gate443-challenge-XXXXXX"; /* holds "dir", which is configured, and what must stay outside */

static const char *in_home(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

static void put(const char *name, const char *content)
{
    FILE *f = fopen(in_home(name), "w");
    assert_non_null(f);
    assert_true(fputs(content, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void put_at(const char *place, struct str name, const char *content)
{
    char path[400];
    snprintf(path, sizeof path, "%s%.*s", place, STR_ARG(name));
    put(path, content);
}

static void dir(const char *name)
{
    assert_int_equal(mkdir(in_home(name), 0755), 0);
}

static int start(void **state)
{
    char text[256];
    memcpy(home + sizeof home - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(home));
    dir("dir");
    dir("dir/.well-known");
    dir("dir/.well-known/acme-challenge");
    snprintf(text, sizeof text,
             "challenges %s/dir; site example.com { certificate local; respond 200; }", home);
    fake_start(&fake, text);
    fake.conn.facts.secure = false;
    fake.snapshot->dirs[0]->fd = open(in_home("dir"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_ptr_equal(fake.snapshot->challenges, fake.snapshot->dirs[0]);
    assert_true(fake.snapshot->challenges->fd >= 0);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    return remove(path);
}

static int stop(void **state)
{
    fake_stop(&fake);
    return nftw(home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static unsigned ask(const char *method, const char *target)
{
    return fake_run(&fake, method, target, "", &challenge_handler, NULL);
}

static unsigned get(const char *target)
{
    return ask("GET", target);
}

static void test_answer(void **state)
{
    assert_int_equal(get(PREFIX TOKEN), 404);
    put("dir/.well-known/acme-challenge/" TOKEN, ANSWER);
    assert_int_equal(get(PREFIX TOKEN), 200);
    assert_body(&fake, ANSWER);
    assert_field(&fake, "Content-Type", "application/octet-stream");
    assert_field(&fake, "Cache-Control", "no-store");
    assert_field(&fake, "ETag", "");
    assert_field(&fake, "Last-Modified", "");
    assert_int_equal(ask("HEAD", PREFIX TOKEN), 200);
    assert_int_equal(fake.length, strlen(ANSWER));
    assert_int_equal(fake.body.n, 0);
    assert_int_equal(ask("POST", PREFIX TOKEN), 405);
    assert_int_equal(remove(in_home("dir/.well-known/acme-challenge/" TOKEN)), 0);
    assert_int_equal(get(PREFIX TOKEN), 404); /* nothing is remembered */
}

static void test_answer_in_the_directory_itself(void **state)
{
    put("dir/" TOKEN, ANSWER "\r\n");
    assert_int_equal(get(PREFIX TOKEN), 200);
    assert_body(&fake, ANSWER "\r\n");
    put("dir/.well-known/acme-challenge/" TOKEN, ANSWER "-2");
    assert_int_equal(get(PREFIX TOKEN), 200);
    assert_body(&fake, ANSWER "-2"); /* the longer place comes first */
    put("dir/.well-known/acme-challenge/" TOKEN, "no answer");
    assert_int_equal(get(PREFIX TOKEN), 200);
    assert_body(&fake, ANSWER "\r\n");
}

static void test_spellings_of_one_path(void **state)
{
    put("dir/" TOKEN, ANSWER);
    assert_int_equal(get(PREFIX TOKEN "?x=1"), 200);
    assert_int_equal(get("/%2ewell-known/acme%2Dchallenge/%65vaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA"),
                     200);
    assert_int_equal(get("//.well-known/./acme-challenge//x/../" TOKEN), 200);
}

/* All of these exist, and begin as the file of a token would. */
static void test_only_answers(void **state)
{
    static const char *const others[] = {
        "", " ", TOKEN, TOKEN ".", TOKEN ". ", TOKEN "." THUMBPRINT " x", TOKEN ".\n" THUMBPRINT,
        " " ANSWER, "x" ANSWER, TOKEN "-" THUMBPRINT, TOKEN "." THUMBPRINT "=", "<html>", ANSWER ".",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        put("dir/" TOKEN, others[i]);
        if (get(PREFIX TOKEN) != 404 || fake_holds(&fake, THUMBPRINT))
            fail_msg("\"%s\" was handed out", others[i]);
    }
    put("dir/" TOKEN, ANSWER);
    put("dir/other", "outer." THUMBPRINT); /* of another token than was asked for */
    assert_int_equal(get(PREFIX "other"), 404);
    assert_int_equal(get(PREFIX TOKEN), 200);
}

static void test_only_tokens(void **state)
{
    static const char *const names[] = {".hidden", "a.txt", "a=", "a+b", "a~", "sub/a"};
    static const char *const targets[] = {
        PREFIX, "/.well-known/acme-challenge", PREFIX "sub/", PREFIX "sub//a", "/" TOKEN,
        "/.well-known/" TOKEN, PREFIX "a/", PREFIX "%20a", PREFIX "a%0a", PREFIX "..", PREFIX ".",
        PREFIX "../acme-challenge", "/.WELL-KNOWN/acme-challenge/" TOKEN, "/x" PREFIX TOKEN,
        PREFIX "%c3%a9", "*", "/",
    };
    dir("dir/sub");
    put("dir/a", "a." THUMBPRINT);
    put("dir/" TOKEN, ANSWER);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64], target[64], content[128];
        snprintf(name, sizeof name, "dir/%s", names[i]);
        snprintf(target, sizeof target, PREFIX "%s", names[i]);
        snprintf(content, sizeof content, "%s." THUMBPRINT, names[i]);
        put(name, content);
        if (get(target) != 404)
            fail_msg("%s was handed out", names[i]);
    }
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        unsigned status = get(targets[i]);
        if ((status != 404 && status != 400) || fake_holds(&fake, THUMBPRINT))
            fail_msg("%s: %u", targets[i], status);
    }
    assert_int_equal(get(PREFIX "a"), 200);
}

static void test_length_of_tokens(void **state)
{
    char target[400], content[400];
    for (size_t n = 254; n <= 256; n++) {
        char token[300];
        memset(token, 'a', n);
        token[n] = '\0';
        snprintf(target, sizeof target, PREFIX "%s", token);
        snprintf(content, sizeof content, "%s." THUMBPRINT, token);
        if (n <= CHALLENGE_TOKEN_MAX)
            put_at("dir/", str_of(token, n), content);
        else /* which a name that was cut short would find */
            put_at("dir/.well-known/acme-challenge/", str_of(token, CHALLENGE_TOKEN_MAX), content);
        assert_int_equal(get(target), n <= CHALLENGE_TOKEN_MAX ? 200 : 404);
    }
}

static void test_length_of_answers(void **state)
{
    char content[4200];
    int n = snprintf(content, sizeof content, "%s", ANSWER);
    memset(content + n, '\n', sizeof content - (size_t)n);
    content[4096] = '\0';
    put("dir/" TOKEN, content);
    assert_int_equal(get(PREFIX TOKEN), 200);
    assert_int_equal(fake.body.n, 4096);
    content[4096] = '\n';
    content[4097] = '\0';
    put("dir/" TOKEN, content);
    assert_int_equal(get(PREFIX TOKEN), 404);
}

static void test_links(void **state)
{
    dir("outside");
    put("outside/" TOKEN, ANSWER);
    put("dir/inside.txt", "inner." THUMBPRINT);
    assert_int_equal(symlink("../outside/" TOKEN, in_home("dir/" TOKEN)), 0);
    assert_int_equal(get(PREFIX TOKEN), 403);
    assert_int_equal(remove(in_home("dir/" TOKEN)), 0);
    char target[512];
    snprintf(target, sizeof target, "%s", in_home("outside/" TOKEN));
    assert_int_equal(symlink(target, in_home("dir/" TOKEN)), 0);
    assert_int_equal(get(PREFIX TOKEN), 403);
    assert_int_equal(symlink("inside.txt", in_home("dir/inner")), 0);
    assert_int_equal(get(PREFIX "inner"), 200); /* one that stays beneath is no harm */
}

static void test_other_kinds_of_file(void **state)
{
    dir("dir/directory");
    assert_int_equal(get(PREFIX "directory"), 404);
    char text[] = "fifo." THUMBPRINT;
    assert_int_equal(mkfifo(in_home("dir/fifo"), 0644), 0);
    assert_int_equal(get(PREFIX "fifo"), 404); /* at once, though nobody writes */
    int pipe = open(in_home("dir/fifo"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert_int_equal(write(pipe, text, sizeof text), sizeof text);
    assert_int_equal(get(PREFIX "fifo"), 404);
    assert_int_equal(read(pipe, text, sizeof text), sizeof text); /* nor is anything taken out */
    close(pipe);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/dir/socket", home);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(get(PREFIX "socket"), 403);
    close(fd);
}

static void test_without_the_directive(void **state)
{
    struct dir_ref *challenges = fake.snapshot->challenges;
    put("dir/" TOKEN, ANSWER);
    fake.snapshot->challenges = NULL;
    assert_int_equal(get(PREFIX TOKEN), 404);
    fake.snapshot->challenges = challenges;
    assert_int_equal(get(PREFIX TOKEN), 200);
}

/* A client that takes its time gets all of it: the file is long closed. */
static void test_slow_client(void **state)
{
    put("dir/" TOKEN, ANSWER);
    fake.room = 7;
    assert_int_equal(get(PREFIX TOKEN), 200);
    assert_body(&fake, ANSWER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answer),
        TEST(test_answer_in_the_directory_itself),
        TEST(test_spellings_of_one_path),
        TEST(test_only_answers),
        TEST(test_only_tokens),
        TEST(test_length_of_tokens),
        TEST(test_length_of_answers),
        TEST(test_links),
        TEST(test_other_kinds_of_file),
        TEST(test_without_the_directive),
        TEST(test_slow_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
