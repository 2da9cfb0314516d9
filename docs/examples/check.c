/* Reads the text form of a check's answer from standard input, as a device without a JSON reader would, and prints what
 * is to be installed, in order. Ends with 1, and prints nothing to install, if the answer is not whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 2048, MOST_UPDATES = 16 };

/* Turns each `%` and two hex digits into the byte that they stand for, in place. */
static void decode(char *text) {
    char *to = text;
    for (; *text; text++) {
        unsigned byte;
        if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            text += 2;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/* The value of `key` in a line, decoded; an empty text if it is not there. */
static const char *value(const char *line, const char *key, char *into, size_t size) {
    size_t length = strlen(key);
    into[0] = '\0';
    while ((line = strchr(line, ' ')) != NULL) {
        line++;
        if (strncmp(line, key, length) == 0 && line[length] == '=') {
            snprintf(into, size, "%.*s", (int)strcspn(line + length + 1, " \n"), line + length + 1);
            decode(into);
            break;
        }
    }
    return into;
}

int main(void) {
    static char line[LINE_SIZE], text[LINE_SIZE], updates[MOST_UPDATES][LINE_SIZE];
    int wanted = -1, found = 0;
    while (fgets(line, sizeof line, stdin) != NULL && strchr(line, '\n') != NULL) {
        if (strncmp(line, "check ", 6) == 0) {
            wanted = atoi(value(line, "updates", text, sizeof text));
        } else if (strncmp(line, "update ", 7) == 0 && found < MOST_UPDATES) {
            strcpy(updates[found++], line);
        } /* Lines that begin with another word are for those who know it. */
    }
    if (found != wanted) {
        return 1;
    }
    for (int each = 0; each < found; each++) {
        static const char *keys[] = {"type", "versionNumber", "name", "size", "sha256", "url"};
        for (size_t key = 0; key < sizeof keys / sizeof keys[0]; key++) {
            printf("%s\n", value(updates[each], keys[key], text, sizeof text));
        }
    }
    return 0;
}
