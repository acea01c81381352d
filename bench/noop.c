// Does nothing: the floor under the time of a process, and the low-level runtime of the benchmarks
// that measure only what comes before it.
int main(void) {
  return 0;
}
