/* What `gate443 WORD …` can be: one function a command, listed in main.c. Each gets the words from
 * its own name on (argv[0] = "check") and returns the exit status: 0 done, 1 failed and said why on
 * standard error, 2 misused. */
#ifndef MAIN_COMMANDS_H
#define MAIN_COMMANDS_H

int cmd_serve(int argc, char **argv);   /* serve.c */
int cmd_check(int argc, char **argv);   /* cmd_check.c */
int cmd_fmt(int argc, char **argv);     /* cmd_fmt.c */
int cmd_explain(int argc, char **argv); /* cmd_explain.c */
int cmd_config(int argc, char **argv);  /* cmd_config.c */
int cmd_ca(int argc, char **argv);      /* cmd_ca.c */
int cmd_audit(int argc, char **argv);   /* cmd_audit.c */
int cmd_watch(int argc, char **argv);   /* cmd_watch.c */
int cmd_ctl(int argc, char **argv);     /* cmd_ctl.c */

#endif
