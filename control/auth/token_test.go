package auth_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	text, tok := auth.NewToken("ci", auth.Grants{{Role: auth.Operator}}, "ann", noon, noon.Add(time.Hour))
	if len(text) != len("mrd_")+43 || strings.Contains(string(tok.Hash), text) {
		t.Fatalf("token %q, hash %x", text, tok.Hash)
	}
	if other, _ := auth.NewToken("ci", auth.Grants{{Role: auth.Operator}}, "ann", noon, time.Time{}); other == text {
		t.Fatal("two tokens are equal")
	}
	if err := s.AddToken(t.Context(), tok); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, header string
		at           time.Time
		ok           bool
	}{
		{"the token", "Bearer " + text, noon, true},
		{"the scheme in lower case", "bearer " + text, noon, true},
		{"no header", "", noon, false},
		{"no scheme", text, noon, false},
		{"another scheme", "Basic " + text, noon, false},
		{"a token cut short", "Bearer " + text[:len(text)-1], noon, false},
		{"a token of other bits", "Bearer mrd_" + strings.Repeat("A", 43), noon, false},
		{"its hash", "Bearer mrd_" + string(tok.Hash), noon, false},
		{"the last moment", "Bearer " + text, noon.Add(time.Hour - time.Microsecond), true},
		{"the moment that it expires", "Bearer " + text, noon.Add(time.Hour), false},
	} {
		p, err := auth.Authenticate(t.Context(), s, row.header, row.at)
		if (err == nil) != row.ok || err != nil && !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: %+v %v", row.name, p, err)
		}
		if row.ok && (p.Name != "ci" || !p.Grants.Whole(auth.Operator) || p.Grants.Some(auth.Admin) || p.ID != tok.ID) {
			t.Errorf("%s: principal %+v", row.name, p)
		}
	}
	got, err := s.TokenByHash(t.Context(), tok.Hash)
	if err != nil || !got.UsedAt.Equal(noon.Add(time.Hour-time.Microsecond)) {
		t.Errorf("last use %v %v", got.UsedAt, err)
	}
	if _, err := s.DeleteToken(t.Context(), nil, "ci"); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.Authenticate(t.Context(), s, "Bearer "+text, noon); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("after revocation: %v", err)
	}
}

// TestPersonalTokensOfAnOlderReleaseAllowNothing: it knows no owners, so it could not
// end a token with its user.
func TestPersonalTokensOfAnOlderReleaseAllowNothing(t *testing.T) {
	t.Parallel()
	_, tok := auth.NewPersonalToken("laptop", auth.Grants{{Role: auth.Admin}}, auth.Principal{Kind: auth.KindUser, ID: "user-1", Name: "ann"}, noon, time.Time{})
	if role := auth.Role(tok.Role); role.Allows(auth.Viewer) || tok.Owner != "user-1" || tok.CreatedBy != "ann" {
		t.Errorf("%+v", tok)
	}
	if gs := auth.ReadGrants(tok.Role, tok.Grants); !gs.Whole(auth.Admin) {
		t.Errorf("this release reads %v", gs)
	}
}

// full is a store whose disk is full: it reads but does not write.
type full struct{ *store.Store }

func (full) TouchToken(context.Context, string, time.Time) error { return store.ErrUnavailable }

func (full) AddToken(context.Context, store.Token) error { return store.ErrUnavailable }

func TestFullDiskStopsNoReader(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	text, tok := auth.NewToken("ci", auth.Grants{{Role: auth.Viewer}}, "ann", noon, time.Time{})
	if err := s.AddToken(t.Context(), tok); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.Authenticate(t.Context(), full{s}, "Bearer "+text, noon); err != nil {
		t.Error(err)
	}
	s.Close()
	if _, err := auth.Authenticate(t.Context(), s, "Bearer "+text, noon); err == nil || errors.Is(err, auth.ErrDenied) {
		t.Errorf("a store that is gone must not look like a wrong token: %v", err)
	}
}

func TestBootstrapMakesOneTokenForEver(t *testing.T) {
	t.Parallel()
	s, path := storetest.SQLite(t), filepath.Join(t.TempDir(), "data", "admin.token")
	if made, err := auth.Bootstrap(t.Context(), full{s}, path, noon); err == nil || made {
		t.Errorf("bootstrap without the store: %v %v", made, err)
	}
	made, err := auth.Bootstrap(t.Context(), s, path, noon)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", st.Mode(), err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := auth.Authenticate(t.Context(), s, "Bearer "+strings.TrimSpace(string(b)), noon); err != nil || !p.Grants.Whole(auth.Admin) {
		t.Errorf("%+v %v", p, err)
	}
	if made, err := auth.Bootstrap(t.Context(), s, path, noon); err != nil || made {
		t.Errorf("second start: %v %v", made, err)
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != string(b) {
		t.Errorf("the second start wrote the file: %v", err)
	}
	if list, err := os.ReadDir(filepath.Dir(path)); err != nil || len(list) != 1 {
		t.Errorf("left behind: %v %v", list, err)
	}
}
