package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/meridian-gtm/meridian/control/auth/limit"
	"github.com/meridian-gtm/meridian/control/auth/password"
	"github.com/meridian-gtm/meridian/control/store"
)

// Limited means that somebody tries too often.
type Limited struct{ Wait time.Duration }

func (e *Limited) Error() string { return fmt.Sprintf("too many attempts; wait %v", e.Wait) }

// How often anyone may try. Good attempts are given back, so these bound wrong ones.
const (
	accountBurst, accountEvery = 10, 30 * time.Second // for one name, wherever from
	sourceBurst, sourceEvery   = 20, 6 * time.Second  // from one address, for any name
	allBurst, allEvery         = 200, 100 * time.Millisecond
	tokenBurst, tokenEvery     = 100, 100 * time.Millisecond // wrong tokens from one address
	keys                       = 10_000
)

// Gate lets in who shows a good credential. One per process holds the counts of those
// who guess; they are not shared between processes.
type Gate struct {
	store  *store.Store
	now    func() time.Time
	hasher *password.Hasher

	accounts, sources, all, tokens *limit.Limiter

	mu    sync.Mutex // guards the fields below
	known map[[32]byte]good
	homes map[[2]string]bool // account and source of sign-ins that were good
}

// good is a credential that the store has confirmed.
type good struct {
	who Principal
	at  time.Time
}

// lastGood is how long a credential that the store has confirmed may read while the
// store is away: people look at a system when something in it has failed. Somebody may
// have revoked it through another control process a moment before, so not for longer
// than an outage of a database lasts that is attended to.
const lastGood = time.Hour

// askTime is when a store that is silent counts as away.
const askTime = 3 * time.Second

// NewGate returns a Gate over a store.
func NewGate(s *store.Store, now func() time.Time) *Gate {
	return &Gate{store: s, now: now, hasher: password.New(max(1, runtime.GOMAXPROCS(0)/2)),
		accounts: limit.New(accountBurst, accountEvery, keys), sources: limit.New(sourceBurst, sourceEvery, keys),
		all: limit.New(allBurst, allEvery, 1), tokens: limit.New(tokenBurst, tokenEvery, keys), known: map[[32]byte]good{}, homes: map[[2]string]bool{}}
}

// Remote is the address that a request came from, without the port. Headers of proxies
// are not believed: whoever asks can write them.
func Remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// Source is whom attempts from an address are counted against: an IPv6 user holds at
// least a /64.
func Source(remote string) string {
	a, err := netip.ParseAddr(remote)
	if err != nil || a.Unmap().Is4() {
		return remote
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return remote
	}
	return p.String()
}

// Authenticate returns who asks, by the Authorization header or, without one, by the
// session's cookie. It returns ErrDenied, *Limited, or the store's error when it cannot
// be asked.
func (g *Gate) Authenticate(r *http.Request) (Principal, error) {
	text, bySession := "", false
	header := r.Header.Get("Authorization")
	if header != "" {
		text = bearer(header)
	} else if c, err := r.Cookie(CookieName(r)); err == nil && strings.HasPrefix(c.Value, sessionPrefix) {
		text, bySession = c.Value, true
	}
	if text == "" {
		return Principal{}, ErrDenied
	}
	// A credential that was good a moment ago is not held up by those who guess from the
	// same address; it may have been revoked since, which the store knows.
	key, from := [32]byte(hash(text)), Source(Remote(r))
	fresh := !g.wasGood(key)
	if fresh {
		if wait := g.tokens.Take(from, g.now()); wait > 0 {
			return Principal{}, &Limited{wait}
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), askTime)
	defer cancel()
	var p Principal
	var err error
	if bySession {
		p, err = g.bySession(ctx, text)
	} else {
		p, err = Authenticate(ctx, g.store, header, g.now())
	}
	switch {
	case err == nil:
		if g.remember(key, p) {
			g.tokens.Give(from)
		}
	case errors.Is(err, ErrDenied):
		g.forget(key)
	default: // nobody has said that it is wrong
		if fresh {
			g.tokens.Give(from)
		}
		if !errors.Is(err, store.ErrUnavailable) || r.Method != http.MethodGet && r.Method != http.MethodHead {
			break
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if k, ok := g.known[key]; ok && g.now().Sub(k.at) <= lastGood && (k.who.ends.IsZero() || g.now().Before(k.who.ends)) {
			return k.who, nil
		}
	}
	return p, err
}

func (g *Gate) wasGood(key [32]byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.known[key]
	return ok
}

// remember reports whether the key is new.
func (g *Gate) remember(key [32]byte, p Principal) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, old := g.known[key]
	if !old && len(g.known) >= keys { // they come back with their next request
		clear(g.known)
	}
	g.known[key] = good{p, g.now()}
	return !old
}

func (g *Gate) forget(key [32]byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.known, key)
}

func (g *Gate) bySession(ctx context.Context, text string) (Principal, error) {
	v, u, err := g.store.SessionByHash(ctx, hash(text))
	now := g.now()
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Principal{}, ErrDenied
	case err != nil:
		return Principal{}, err
	case u.Disabled || !SessionAlive(v, now):
		return Principal{}, ErrDenied
	}
	if now.Sub(v.SeenAt) >= touchEvery {
		_ = g.store.TouchSession(ctx, v.ID, now) // left aside when the disk is full, as with tokens
	}
	p := userPrincipal(u)
	p.Session, p.ends = v.ID, v.EndsAt
	return p, nil
}

// NewPassword returns the stored form of a password, or what is wrong with it.
func (g *Gate) NewPassword(ctx context.Context, user, text string) (string, error) {
	if err := password.Check(user, text); err != nil {
		return "", &BadPassword{err}
	}
	return g.hasher.Hash(ctx, text)
}

// BadPassword is a new password that breaks the rules.
type BadPassword struct{ Err error }

func (e *BadPassword) Error() string { return "the password " + e.Err.Error() }

// SignIn checks a name and a password, and begins a session. It returns what the cookie
// shall hold. Errors: ErrDenied for every kind of wrong, *Limited, password.ErrBusy, the
// store's.
func (g *Gate) SignIn(ctx context.Context, name, text, remote, agent string) (cookie string, v store.Session, p Principal, err error) {
	u, err := g.CheckPassword(ctx, name, text, remote)
	if err != nil {
		return "", v, p, err
	}
	return g.Begin(ctx, u, remote, agent)
}

// Begin begins a session of a user who has been checked.
func (g *Gate) Begin(ctx context.Context, u store.User, remote, agent string) (cookie string, v store.Session, p Principal, err error) {
	cookie, v = newSession(u.ID, remote, strings.ToValidUTF8(agent[:min(len(agent), 200)], ""), g.now())
	if err := g.store.AddSession(ctx, v); err != nil {
		return "", v, p, err
	}
	p = userPrincipal(u)
	p.Session, p.ends = v.ID, v.EndsAt
	g.remember([32]byte(v.Hash), p)
	return cookie, v, p, nil
}

// CheckPassword returns the user whose name and password these are.
func (g *Gate) CheckPassword(ctx context.Context, name, text, remote string) (store.User, error) {
	name = strings.ToLower(name)
	giveBack, err := g.attempt(name, remote)
	if err != nil {
		return store.User{}, err
	}
	u, err := g.store.User(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		giveBack() // nothing was tried
		return store.User{}, err
	}
	if u.Name != name { // unknown, or found by its id
		u = store.User{}
	}
	ok, stale, err := g.hasher.Verify(ctx, u.Password, text)
	switch {
	case err != nil:
		return store.User{}, err
	case !ok, u.Disabled:
		return store.User{}, ErrDenied
	}
	giveBack()
	g.atHome(name, remote)
	if stale {
		if next, err := g.hasher.Hash(ctx, text); err == nil {
			_ = g.store.Rehash(ctx, u.ID, u.Password, next) // another time, then
		}
	}
	return u, nil
}

// Attempt takes one attempt to sign in by other means than a password, and returns how
// to give it back when it was good.
func (g *Gate) Attempt(remote string) (giveBack func(), err error) {
	return g.take(claim{g.sources, Source(remote)}, claim{g.all, ""})
}

// attempt takes one attempt to sign in, and returns how to give it back. An account that
// has signed in from a source before has attempts of its own there: strangers who guess
// must not be able to shut its owner out.
func (g *Gate) attempt(name, remote string) (giveBack func(), err error) {
	from := Source(remote)
	name = name[:min(len(name), 64)]
	account := name
	g.mu.Lock()
	if g.homes[[2]string{name, from}] {
		account += "\x00" + from // no name holds that
	}
	g.mu.Unlock()
	// The source first: a guesser who is stopped there does not use up the account's.
	return g.take(claim{g.sources, from}, claim{g.accounts, account}, claim{g.all, ""})
}

// atHome notes a good sign-in.
func (g *Gate) atHome(name, remote string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.homes) >= keys { // they are strangers again until their next one
		clear(g.homes)
	}
	g.homes[[2]string{name, Source(remote)}] = true
}

// claim is one attempt of one key.
type claim struct {
	of  *limit.Limiter
	key string
}

func (g *Gate) take(list ...claim) (giveBack func(), err error) {
	now := g.now()
	for _, c := range list {
		if wait := c.of.Take(c.key, now); wait > 0 {
			return nil, &Limited{wait}
		}
	}
	return func() {
		for _, c := range list {
			c.of.Give(c.key)
		}
	}, nil
}
