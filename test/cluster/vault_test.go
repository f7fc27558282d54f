package cluster

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/meridian-gtm/meridian/distribute/broker"
)

// vault knows the secrets of all installations of this run. What processes write and
// answer is held against it: logs when each test ends, answers of the API and of client
// commands as they come.
var vault = struct {
	mu      sync.Mutex        // guards the fields below
	planted map[string]string // secret: what it is
	bytes   int               // searched
	logs    int               // of processes
}{planted: map[string]string{}}

// plant makes a text a secret from now on.
func plant(what, secret string) {
	if len(secret) < 8 {
		panic("a secret that stands in ordinary text by chance: " + what)
	}
	vault.mu.Lock()
	defer vault.mu.Unlock()
	vault.planted[secret] = what
}

// shapes are what secrets look like, planted or not: tokens, sessions, join tokens,
// stored passwords, seeds of NATS keys, private keys.
var shapes = regexp.MustCompile(`mr[ds]_[A-Za-z0-9_-]{43}|mrd1\.[A-Za-z0-9_-]{60,}|\$argon2id\$v=|\bS[UNACOX][A-Z2-7]{56}\b|BEGIN [A-Z ]*PRIVATE KEY`)

// leaks returns what of the vault stands in a text.
func leaks(text string) (found []string) {
	vault.mu.Lock()
	defer vault.mu.Unlock()
	vault.bytes += len(text)
	for secret, what := range vault.planted {
		if i := strings.Index(text, secret); i >= 0 {
			found = append(found, fmt.Sprintf("%s, after %q", what, text[max(0, i-80):i]))
		}
	}
	if i := shapes.FindStringIndex(text); i != nil && len(found) == 0 {
		found = append(found, fmt.Sprintf("something like a secret, after %q", text[max(0, i[0]-80):i[0]]))
	}
	return found
}

// clean fails the test for each secret in a text.
func (c *cluster) clean(where, text string) {
	c.t.Helper()
	for _, l := range leaks(text) {
		c.t.Errorf("%s tells a secret: %s", where, l)
	}
}

// cleanLogs looks through what the processes of an installation wrote. The lines that
// the tests themselves put there name the arguments of processes, join tokens too.
func (c *cluster) cleanLogs() {
	for _, p := range c.all {
		var own strings.Builder
		for line := range strings.Lines(p.log.String()) {
			if !strings.HasPrefix(line, "--- ") {
				own.WriteString(line)
			}
		}
		c.clean("the log of "+p.name, own.String())
		vault.mu.Lock()
		vault.logs++
		vault.mu.Unlock()
	}
}

// plantJoin plants a join token and the seed in it.
func plantJoin(token string) {
	plant("a join token", token)
	if t, err := broker.DecodeToken(token); err == nil && t.Seed != "" {
		plant("the seed in a join token", t.Seed)
	}
}

// plantAdmin plants the first token of an installation.
func (c *cluster) plantAdmin() {
	if b, err := os.ReadFile(filepath.Join(c.control.data(), "admin.token")); err == nil {
		plant("the first admin token", strings.TrimSpace(string(b)))
	}
}

// checkVault makes sure at the end of a whole run that the search searched.
func checkVault() error {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.bench"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return nil // a part of the tests
		}
	}
	vault.mu.Lock()
	defer vault.mu.Unlock()
	kinds := map[string]bool{}
	for _, what := range vault.planted {
		kinds[what] = true
	}
	if len(kinds) < 10 || vault.logs < 20 || vault.bytes < 100_000 {
		return fmt.Errorf("the search for secrets saw %d kinds, %d logs and %d bytes: it proves nothing", len(kinds), vault.logs, vault.bytes)
	}
	note("planted secrets in logs, answers, exports, events, audit and command output", "none",
		fmt.Sprintf("none: %d secrets of %d kinds, %d logs, %d MB searched", len(vault.planted), len(kinds), vault.logs, vault.bytes>>20))
	return nil
}
