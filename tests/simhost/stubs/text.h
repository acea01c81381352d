// Text for a stub that has no libc: words and lines of a table, and answers made of parts.
#pragma once

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int equal(const char* a, const char* b) {
  while (*a != '\0' && lower(*a) == lower(*b)) ++a, ++b;
  return lower(*a) == lower(*b);
}

static unsigned number(const char* text) {
  unsigned value = 0;
  for (; *text >= '0' && *text <= '9'; ++text) value = value * 10 + (unsigned)(*text - '0');
  return value;
}

static const char* without_zeros(const char* text) {
  while (*text == '0') ++text;
  return text;
}

// PCI domains have four digits in the kernel's notation and eight in NVML's. What is no address
// differs as text does.
static int same_thing(const char* a, const char* b) {
  return equal(without_zeros(a), without_zeros(b));
}

static int is_blank(char c) {
  return c == ' ' || c == '\t';
}

static char* skip_blanks(char* text) {
  while (is_blank(*text)) ++text;
  return text;
}

// Ends the first word of *rest and moves *rest to the next one.
static char* cut_word(char** rest) {
  char* word = skip_blanks(*rest);
  char* end = word;
  while (*end != '\0' && !is_blank(*end)) ++end;
  if (*end != '\0') *end++ = '\0';
  *rest = skip_blanks(end);
  return word;
}

// Ends the first line of *rest and moves *rest to the next one.
static char* cut_line(char** rest) {
  char* line = *rest;
  char* end = line;
  while (*end != '\0' && *end != '\n') ++end;
  *rest = *end == '\0' ? end : end + 1;
  while (end > line && is_blank(end[-1])) --end;
  *end = '\0';
  return line;
}

struct buffer {
  char* next;
  unsigned long left;
};

static int append(struct buffer* to, const char* part) {
  for (; *part != '\0'; ++part, --to->left) {
    if (to->left <= 1) return 0;
    *to->next++ = *part;
  }
  return 1;
}

// With leading zeros.
static int append_hex(struct buffer* to, unsigned value, unsigned digits) {
  for (; digits-- > 0; --to->left) {
    if (to->left <= 1) return 0;
    *to->next++ = "0123456789ABCDEF"[value >> 4 * digits & 0xf];
  }
  return 1;
}

// The number that *text begins with; *text is moved behind it and the character after it.
static unsigned cut_hex(const char** text) {
  unsigned value = 0;
  for (; **text != '\0'; ++*text) {
    const char c = lower(**text);
    if (c >= '0' && c <= '9') {
      value = value << 4 | (unsigned)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | (unsigned)(c - 'a' + 10);
    } else {
      ++*text;
      break;
    }
  }
  return value;
}
