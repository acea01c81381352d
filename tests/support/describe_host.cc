// Prints what nvbox finds on the host that a file describes (support/make_host.h), as
// tests/hosts/NAME.golden has it: for captured hosts, and to write a golden file anew.
//
//     describe_host HOST.host
#include "support/describe_host.h"

#include <fstream>
#include <iostream>
#include <sstream>

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: describe_host HOST.host\n";
    return 2;
  }
  std::ifstream file(arguments[1]);
  if (!file) {
    std::cerr << "describe_host: " << arguments[1] << " cannot be read\n";
    return 1;
  }
  std::ostringstream text;
  text << file.rdbuf();
  std::cout << nvbox::test::HostDescription::of(nvbox::test::Host(text.str()));
}
