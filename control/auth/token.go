package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// ErrDenied: the token is missing, unknown, revoked or expired. Which of them is not told.
var ErrDenied = errors.New("no valid token")

// Tokens is what auth needs of the store.
type Tokens interface {
	TokenByHash(ctx context.Context, hash []byte) (store.Token, error)
	User(ctx context.Context, id string) (store.User, error)
	Users(ctx context.Context) ([]store.User, error)
	CountTokens(ctx context.Context) (int, error)
	AddToken(ctx context.Context, t store.Token) error
	TouchToken(ctx context.Context, id string, at time.Time) error
}

// prefix lets people and secret scanners recognise a token of ours.
const prefix = "mrd_"

// NewToken returns a fresh token and its stored form. The token is shown once.
func NewToken(name string, grants Grants, by string, now, expires time.Time) (string, store.Token) {
	text := secret(prefix)
	t := store.Token{ID: store.NewID("token"), Name: name, Hash: hash(text), CreatedBy: by, CreatedAt: now, ExpiresAt: expires}
	t.Role, t.Grants = grants.Columns()
	return text, t
}

// NewPersonalToken is NewToken for one that belongs to a user: it may no more than the
// user may, and ends with the user. Releases that know no owners let it do nothing.
func NewPersonalToken(name string, grants Grants, owner Principal, now, expires time.Time) (string, store.Token) {
	text, t := NewToken(name, grants, owner.Name, now, expires)
	t.Role, t.Owner = scopedWord, owner.ID
	return text, t
}

// CheckTokenName says what is wrong with the name of a token.
func CheckTokenName(name string) error {
	if strings.HasPrefix(name, "token-") {
		return errors.New("must not begin with token-, as ids do")
	}
	return nil
}

// secret returns 256 random bits as text.
func secret(prefix string) string {
	var b [32]byte
	rand.Read(b[:])
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

func hash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// touchEvery bounds how often the use of a token is written down.
const touchEvery = time.Minute

// bearer returns the token of an Authorization header, "" for none of ours.
func bearer(header string) string {
	scheme, text, _ := strings.Cut(header, " ")
	if text = strings.TrimSpace(text); strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(text, prefix) {
		return text
	}
	return ""
}

// Authenticate returns whose token an Authorization header holds. It returns
// ErrDenied, or the store's error when it cannot be asked.
func Authenticate(ctx context.Context, tokens Tokens, header string, now time.Time) (Principal, error) {
	text := bearer(header)
	if text == "" {
		return Principal{}, ErrDenied
	}
	// Looked up by hash: the time that the index takes tells nothing about the token.
	t, err := tokens.TokenByHash(ctx, hash(text))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Principal{}, ErrDenied
	case err != nil:
		return Principal{}, err
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return Principal{}, ErrDenied
	}
	p := Principal{Kind: KindToken, ID: t.ID, Name: t.Name, Grants: ReadGrants(t.Role, t.Grants), Token: t.ID}
	if t.Owner != "" {
		if p, err = ofOwner(ctx, tokens, t, now); err != nil {
			return Principal{}, err
		}
	}
	p.ends = t.ExpiresAt
	if now.Sub(t.UsedAt) >= touchEvery {
		// Left aside when the disk is full: whoever may read must still be able to.
		_ = tokens.TouchToken(ctx, t.ID, now)
	}
	return p, nil
}

// ofOwner is a user by a token of their own: never more than the user may do now.
func ofOwner(ctx context.Context, tokens Tokens, t store.Token, now time.Time) (Principal, error) {
	u, err := tokens.User(ctx, t.Owner)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Principal{}, ErrDenied
	case err != nil:
		return Principal{}, err
	case u.Disabled, u.Issuer != "" && now.Sub(u.SignedInAt) > userFresh:
		return Principal{}, ErrDenied
	}
	p := userPrincipal(u)
	p.Grants, p.Token = ReadGrants(t.Role, t.Grants).Within(p.Grants), t.ID
	return p, nil
}

// Bootstrap makes the first admin token when there is neither a token nor a user, and writes
// it to a file that only the owner can read. It reports whether it did.
func Bootstrap(ctx context.Context, tokens Tokens, path string, now time.Time) (bool, error) {
	n, err := tokens.CountTokens(ctx)
	if err != nil || n > 0 {
		return false, err
	}
	// Who has users and has revoked every token must not find a new one.
	if users, err := tokens.Users(ctx); err != nil || len(users) > 0 {
		return false, err
	}
	text, t := NewToken("admin", Grants{{Role: Admin}}, "first start", now, time.Time{})
	// The file first: a crash between the two leaves a token that opens nothing, and
	// the next start writes another; the other way round nobody could ever sign in.
	if err := writeSecret(path, text+"\n"); err != nil {
		return false, fmt.Errorf("write first admin token: %w", err)
	}
	if err := tokens.AddToken(ctx, t); errors.Is(err, store.ErrExists) {
		return false, fmt.Errorf("first admin token: another process made it at the same moment; read its file: %w", err)
	} else if err != nil {
		return false, err
	}
	return true, nil
}

func writeSecret(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".token-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
