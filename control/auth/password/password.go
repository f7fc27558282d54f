package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// params of a hash. OWASP's second choice for argon2id: 19 MiB, two passes, one lane;
// 27 to 33 ms here (deps.md 2.2).
type params struct {
	memory uint32 // KiB
	time   uint32
	lanes  uint8
}

var current = params{memory: 19 * 1024, time: 2, lanes: 1}

// What a stored form may ask for: more would be a way to stop the process by one row.
var most = params{memory: 256 * 1024, time: 16, lanes: 16}

const (
	saltLen = 16
	keyLen  = 32
)

// Rules of a password. Length is what counts (NIST SP 800-63B-4 §3.1.1.2): no demands
// for digits or signs, which people meet with a 1 and a !.
const (
	MinLength = 12  // characters
	maxBytes  = 512 // argon2 would take more; nobody types more
)

// ErrBusy: too many wait for a turn.
var ErrBusy = errors.New("too many passwords are being checked")

// Check says what is wrong with a new password of a user.
func Check(user, password string) error {
	low := strings.ToLower(password)
	switch {
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return errors.New("is not text")
	case utf8.RuneCountInString(password) < MinLength:
		return fmt.Errorf("is shorter than %d characters; a few words with spaces are easy to remember", MinLength)
	case len(password) > maxBytes:
		return fmt.Errorf("is longer than %d bytes", maxBytes)
	case len(user) > 2 && strings.Contains(low, strings.ToLower(user)):
		return errors.New("holds the user's name")
	case strings.Count(password, password[:1]) == len(password):
		return errors.New("is one character over and over")
	}
	return nil
}

// Hasher computes hashes, some at a time.
type Hasher struct {
	turns chan struct{}
	queue chan struct{}
}

// New returns a Hasher that computes n hashes at a time; as many as 16 times that may wait.
func New(n int) *Hasher {
	return &Hasher{turns: make(chan struct{}, n), queue: make(chan struct{}, 17*n)}
}

// turn waits for one, and returns how to end it.
func (h *Hasher) turn(ctx context.Context) (end func(), err error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns; <-h.queue }, nil
	case <-ctx.Done():
		<-h.queue
		return nil, ctx.Err()
	}
}

// Hash returns the stored form of a password.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	end, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer end()
	salt := make([]byte, saltLen)
	rand.Read(salt)
	return format(current, salt, current.key(password, salt)), nil
}

// Verify reports whether a password is the one of a stored form, and whether that form
// is of other parameters than today's. With an empty form it takes as long and says no:
// how long a refusal takes must not tell who exists.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (ok, stale bool, err error) {
	p, salt, want := current, make([]byte, saltLen), make([]byte, keyLen)
	if stored != "" {
		if p, salt, want, err = parse(stored); err != nil {
			return false, false, err
		}
	}
	if len(password) > maxBytes { // hashing it would be work for nothing
		password = ""
	}
	end, err := h.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer end()
	got := argon2.IDKey([]byte(password), salt, p.time, p.memory, p.lanes, uint32(len(want)))
	same := subtle.ConstantTimeCompare(got, want) == 1
	return same && stored != "", p != current, nil
}

func (p params) key(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, p.time, p.memory, p.lanes, keyLen)
}

// format writes the PHC form that other programs read too.
func format(p params, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.lanes, b64.EncodeToString(salt), b64.EncodeToString(key))
}

var errForm = errors.New("stored password is not argon2id in PHC form")

func parse(s string) (p params, salt, key []byte, err error) {
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, errForm
	}
	n, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.lanes)
	if err != nil || n != 3 || p.memory < 8*uint32(p.lanes) || p.time < 1 || p.lanes < 1 || p.memory > most.memory || p.time > most.time || p.lanes > most.lanes {
		return p, nil, nil, errForm
	}
	strict := base64.RawStdEncoding.Strict()
	if salt, err = strict.DecodeString(part[4]); err != nil || len(salt) < 8 || len(salt) > 64 {
		return p, nil, nil, errForm
	}
	if key, err = strict.DecodeString(part[5]); err != nil || len(key) < 16 || len(key) > 64 {
		return p, nil, nil, errForm
	}
	if format(p, salt, key) != s { // one form for one hash
		return p, nil, nil, errForm
	}
	return p, salt, key, nil
}
