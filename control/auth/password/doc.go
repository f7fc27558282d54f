// Package password keeps what people choose: the rules for a password, and its
// argon2id form (RFC 9106), of which only so many are computed at a time.
//
// A hash costs about 30 ms and 19 MiB. Whoever asks waits for a turn, and is refused
// when too many wait already: sign-ins must not take the memory or the cores from
// what else the process does.
package password
