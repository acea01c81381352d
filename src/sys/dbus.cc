#include "sys/dbus.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include <optional>

#include "base/text.h"

namespace nvbox::sys::dbus {
namespace {

// The specification's tables: message types, and codes of header fields.
constexpr char method_call = 1;
constexpr char method_return = 2;
constexpr char path_field = 1;
constexpr char interface_field = 2;
constexpr char member_field = 3;
constexpr std::uint32_t error_name_field = 4;
constexpr std::uint32_t reply_serial_field = 5;
constexpr char destination_field = 6;
constexpr char signature_field = 8;

constexpr char little_endian = 'l';
constexpr char protocol_version = 1;
constexpr size_t structure_boundary = 8;
// Endianness, type, flags, version, length of the body, serial, and the length of the fields.
constexpr size_t fixed_header = 16;
// What an answer may have at most; the specification allows 128 MiB.
constexpr size_t most_bytes = size_t{1} << 20;

size_t padded(size_t size, size_t boundary) {
  return (size + boundary - 1) / boundary * boundary;
}

std::uint32_t number_at(std::string_view bytes, size_t at) {
  std::uint32_t value = 0;
  for (size_t i = sizeof value; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

// What is needed of an answer's header.
struct Header {
  char type = 0;
  std::uint32_t reply_serial = 0;
  std::string_view error_name{};
};

// One header field; false for a type that no field of an answer has.
bool read_field(Reader& fields, Header& header) {
  fields.align(structure_boundary);
  const std::uint32_t code = fields.byte();
  const std::string_view type = fields.signature();
  if (type == "u") {
    const std::uint32_t value = fields.number();
    if (code == reply_serial_field) header.reply_serial = value;
  } else if (type == "s" || type == "o") {
    const std::string_view value = fields.string();
    if (code == error_name_field) header.error_name = value;
  } else if (type == "g") {
    (void)fields.signature();
  } else {
    return false;
  }
  return !fields.failed();
}

std::optional<Header> read_header(std::string_view message, size_t end_of_fields) {
  Header header = {.type = message[1]};
  // Boundaries count from the beginning of the message.
  Reader fields(message.substr(0, end_of_fields));
  (void)fields.take(fixed_header);
  while (fields.position() < end_of_fields) {
    if (!read_field(fields, header)) return std::nullopt;
  }
  return header;
}

Error nonsense() {
  return Error("the answer is no message of D-Bus");
}

// The size of the message that begins with these bytes.
Result<size_t> size_of_message(std::string_view start) {
  if (start[0] != little_endian || start[3] != protocol_version) return nonsense();
  const size_t body = number_at(start, 4);
  const size_t fields = number_at(start, 12);
  if (body > most_bytes || fields > most_bytes) return nonsense();
  return padded(fixed_header + fields, structure_boundary) + body;
}

void add_field(Writer& header, char code, std::string_view type, std::string_view value) {
  header.align(structure_boundary);
  header.byte(code);
  header.signature(type);
  if (type == "g") {
    header.signature(value);
  } else {
    header.string(value);
  }
}

}  // namespace

void Writer::align(size_t boundary) {
  bytes_.resize(padded(bytes_.size(), boundary), '\0');
}

void Writer::number(std::uint32_t value) {
  align(sizeof value);
  for (size_t i = 0; i < sizeof value; ++i) byte(static_cast<char>(value >> (8 * i) & 0xff));
}

void Writer::string(std::string_view text) {
  number(static_cast<std::uint32_t>(text.size()));
  bytes_.append(text).push_back('\0');
}

void Writer::signature(std::string_view types) {
  byte(static_cast<char>(types.size()));
  bytes_.append(types).push_back('\0');
}

void Writer::structures(const Writer& elements) {
  number(static_cast<std::uint32_t>(elements.bytes().size()));
  // The padding before the first element does not count for the length.
  align(structure_boundary);
  bytes_ += elements.bytes();
}

std::string encode(const Call& call, std::uint32_t serial) {
  Writer fields;
  add_field(fields, path_field, "o", call.path);
  add_field(fields, member_field, "s", call.member);
  add_field(fields, interface_field, "s", call.interface);
  add_field(fields, destination_field, "s", call.destination);
  if (!call.signature.empty()) add_field(fields, signature_field, "g", call.signature);
  Writer message;
  message.byte(little_endian);
  message.byte(method_call);
  message.byte(0);
  message.byte(protocol_version);
  message.number(static_cast<std::uint32_t>(call.body.size()));
  message.number(serial);
  message.structures(fields);
  message.align(structure_boundary);
  return message.bytes() + call.body;
}

std::string_view Reader::take(size_t count) {
  if (failed_ || count > bytes_.size() - at_) {
    failed_ = true;
    return {};
  }
  const std::string_view taken = bytes_.substr(at_, count);
  at_ += count;
  return taken;
}

void Reader::align(size_t boundary) {
  (void)take(padded(at_, boundary) - at_);
}

std::uint8_t Reader::byte() {
  const std::string_view one = take(1);
  return one.empty() ? 0 : static_cast<std::uint8_t>(one[0]);
}

std::uint32_t Reader::number() {
  align(sizeof(std::uint32_t));
  const std::string_view bytes = take(sizeof(std::uint32_t));
  return bytes.empty() ? 0 : number_at(bytes, 0);
}

std::string_view Reader::string() {
  const std::string_view text = take(number());
  (void)take(1);
  return failed_ ? std::string_view() : text;
}

std::string_view Reader::signature() {
  const std::string_view types = take(byte());
  (void)take(1);
  return failed_ ? std::string_view() : types;
}

Result<std::vector<StringPair>> pairs_in_variant(std::string_view body) {
  Reader reader(body);
  if (reader.signature() != "a(ss)") return nonsense();
  const std::uint32_t length = reader.number();
  reader.align(structure_boundary);
  const size_t end = reader.position() + length;
  std::vector<StringPair> pairs;
  while (!reader.failed() && reader.position() < end) {
    reader.align(structure_boundary);
    const std::string_view first = reader.string();
    pairs.emplace_back(first, reader.string());
  }
  if (reader.failed()) return nonsense();
  return pairs;
}

Result<std::string> string_in_variant(std::string_view body) {
  Reader reader(body);
  if (reader.signature() != "s") return nonsense();
  std::string text(reader.string());
  if (reader.failed()) return nonsense();
  return text;
}

std::string path_element(std::string_view name) {
  std::string out;
  for (const char character : name) {
    const bool is_letter =
        (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
    if (is_letter || (is_digit(character) && !out.empty())) {
      out += character;
    } else {
      out += '_' + hexadecimal(static_cast<unsigned char>(character), 2);
    }
  }
  return out.empty() ? "_" : out;
}

Result<Connection> Connection::open(std::string_view socket_path, Clock::duration patience) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path)
    return Error("the path is too long", ENAMETOOLONG);
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return Error("make a socket", errno);
  // A listener that lets others wait is EAGAIN.
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Error(cat("connect to ", socket_path), errno);
  }
  Connection connection(std::move(socket), Clock::now() + patience);
  NVBOX_TRY(connection.authenticate().in(socket_path));
  return connection;
}

// EXTERNAL: the kernel tells the other side who we are, and the number of the user in decimal, each
// digit of it in hexadecimal, has to be the same.
Result<> Connection::authenticate() {
  std::string user;
  for (const char digit : std::to_string(geteuid())) {
    user += hexadecimal(static_cast<unsigned char>(digit), 2);
  }
  const std::string request =
      cat(std::string_view("\0", 1), "AUTH EXTERNAL ", user, "\r\nBEGIN\r\n");
  NVBOX_TRY(send(request));
  constexpr size_t most_line = 1024;
  size_t end = 0;
  while ((end = received_.find("\r\n")) == std::string::npos) {
    if (received_.size() > most_line) return nonsense();
    NVBOX_TRY(receive(received_.size() + 1));
  }
  const bool is_accepted = received_.starts_with("OK ");
  received_.erase(0, end + 2);
  if (!is_accepted) return Error("this user is refused", EACCES);
  return {};
}

Result<> Connection::send(const std::string& bytes) const {
  // A socket's buffer takes far more than any of our messages.
  const ssize_t sent = sendto(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL, nullptr, 0);
  if (sent < 0) return Error("send", errno);
  if (static_cast<size_t>(sent) != bytes.size()) return Error("send", EAGAIN);
  return {};
}

Result<> Connection::receive(size_t count) {
  while (received_.size() < count) {
    pollfd waiting = {.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    const int ready = left > 0 ? poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return Error("wait for an answer", errno);
    if (ready == 0) return Error("there is no answer", ETIMEDOUT);
    char buffer[4096];
    const ssize_t got = recvfrom(socket_.get(), buffer, sizeof buffer, 0, nullptr, nullptr);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return Error("receive", errno);
    if (got == 0) return Error("the other side hung up", ECONNRESET);
    received_.append(buffer, static_cast<size_t>(got));
  }
  return {};
}

Result<std::string> Connection::next_message() {
  NVBOX_TRY(receive(fixed_header));
  const size_t size = NVBOX_TRY(size_of_message(received_));
  NVBOX_TRY(receive(size));
  std::string message = received_.substr(0, size);
  received_.erase(0, size);
  return message;
}

Result<std::string> Connection::call(const Call& call) {
  const std::string request = encode(call, ++serial_);
  NVBOX_TRY(send(request).in(call.member));
  while (true) {
    const std::string message = NVBOX_TRY(next_message().in(call.member));
    const size_t end_of_fields = fixed_header + number_at(message, 12);
    const std::optional<Header> header = read_header(message, end_of_fields);
    if (!header) return nonsense().in(call.member);
    // The manager may tell of other things on the same connection.
    if (header->reply_serial != serial_) continue;
    const std::string_view body =
        std::string_view(message).substr(padded(end_of_fields, structure_boundary));
    if (header->type == method_return) return std::string(body);
    Reader words(body);
    return Error(cat(call.member, ": ", header->error_name, ": ", words.string()));
  }
}

}  // namespace nvbox::sys::dbus
