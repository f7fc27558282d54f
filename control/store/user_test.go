package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
)

func user(name string) store.User {
	return store.User{ID: "user-" + name, Name: name, Subject: "user-" + name, Password: "x", Grants: `[{"role":"admin"}]`, CreatedBy: "ann", CreatedAt: noon, PasswordAt: noon}
}

func session(id, userID string, at time.Time) store.Session {
	return store.Session{ID: id, Hash: []byte("hash " + id), UserID: userID, CreatedAt: at, SeenAt: at, EndsAt: at.Add(time.Hour), Remote: "192.0.2.1", Agent: "test"}
}

func TestUsersAndSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s, ctx := open(), t.Context()
		if err := s.AddFirstUser(ctx, user("ann")); err != nil {
			t.Fatal(err)
		}
		if err := s.AddFirstUser(ctx, user("eve")); !errors.Is(err, store.ErrExists) {
			t.Errorf("a second first user: %v", err)
		}
		if err := s.AddUser(ctx, user("ann")); !errors.Is(err, store.ErrExists) {
			t.Errorf("the same name: %v", err)
		}
		bob := user("bob")
		bob.Issuer, bob.Subject = "https://idp.example", "1"
		if err := s.AddUser(ctx, bob); err != nil {
			t.Fatal(err)
		}
		twice := user("bob2")
		twice.Issuer, twice.Subject = bob.Issuer, bob.Subject
		if err := s.AddUser(ctx, twice); !errors.Is(err, store.ErrExists) {
			t.Errorf("the same subject: %v", err)
		}
		for _, ref := range []string{"ann", "user-ann"} {
			if u, err := s.User(ctx, ref); err != nil || u != user("ann") {
				t.Errorf("%s: %+v %v", ref, u, err)
			}
		}
		if u, err := s.UserBySubject(ctx, bob.Issuer, "1"); err != nil || u.Name != "bob" {
			t.Errorf("by subject: %+v %v", u, err)
		}
		if _, err := s.UserBySubject(ctx, "", "1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a subject of nobody: %v", err)
		}

		if err := s.AddSession(ctx, session("s1", "user-nobody", noon)); err == nil {
			t.Error("a session of nobody")
		}
		for i, id := range []string{"s1", "s2", "s3"} {
			if err := s.AddSession(ctx, session(id, "user-ann", noon.Add(time.Duration(i)*time.Minute))); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.AddSession(ctx, session("b1", "user-bob", noon)); err != nil {
			t.Fatal(err)
		}
		v, u, err := s.SessionByHash(ctx, []byte("hash s2"))
		if err != nil || v.ID != "s2" || u.Name != "ann" || !v.EndsAt.Equal(noon.Add(61*time.Minute)) || !u.SignedInAt.Equal(noon.Add(2*time.Minute)) {
			t.Errorf("%+v %+v %v", v, u, err)
		}
		if err := s.DeleteSession(ctx, "user-bob", "s2"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another's session: %v", err)
		}
		if err := s.SetPassword(ctx, "user-ann", "y", noon.Add(time.Hour), "s3"); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Sessions(ctx, "user-ann"); err != nil || len(list) != 1 || list[0].ID != "s3" {
			t.Errorf("after a new password: %v %v", list, err)
		}
		if err := s.Rehash(ctx, "user-ann", "x", "z"); err != nil {
			t.Fatal(err)
		}
		if u, _ := s.User(ctx, "ann"); u.Password != "y" {
			t.Error("a rehash of the old password overwrote the new one")
		}
		if err := s.SetDisabled(ctx, nil, "user-ann", true); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.SessionByHash(ctx, []byte("hash s3")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("session of a disabled user: %v", err)
		}
		if err := s.AddToken(ctx, store.Token{ID: "token-b", Name: "b", Hash: []byte("b"), Owner: "user-bob", CreatedAt: noon}); err != nil {
			t.Fatal(err)
		}
		if err := s.SignedIn(ctx, "user-bob", "[]", noon, true); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Sessions(ctx, "user-bob"); err != nil || len(list) != 0 {
			t.Errorf("sessions of one who is given nothing: %v %v", list, err)
		}
		if err := s.DeleteUser(ctx, nil, "user-bob"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Token(ctx, "b"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the token outlives its owner: %v", err)
		}
		if err := s.DeleteUser(ctx, nil, "user-bob"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		if err := s.AddSession(ctx, session("s4", "user-ann", noon)); err != nil {
			t.Fatal(err)
		}
		if err := s.DropSessions(ctx, noon.Add(2*time.Hour), noon); err != nil {
			t.Fatal(err)
		}
		if list, _ := s.Sessions(ctx, "user-ann"); len(list) != 0 {
			t.Errorf("old sessions: %v", list)
		}
	})
}

// TestTwoAdminsDoNotShutEachOtherOut: both at once, through two processes, and one stays.
func TestTwoAdminsDoNotShutEachOtherOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		one, two := open(), open()
		guard := func(users []store.User, _ []store.Token) error {
			for _, u := range users {
				if !u.Disabled {
					return nil
				}
			}
			return store.ErrLastAdmin
		}
		for _, n := range []string{"ann", "bob"} {
			if err := one.AddUser(t.Context(), user(n)); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		errs := make([]error, 2)
		wg.Go(func() { errs[0] = one.SetDisabled(t.Context(), guard, "user-ann", true) })
		wg.Go(func() { errs[1] = two.SetDisabled(t.Context(), guard, "user-bob", true) })
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), store.ErrLastAdmin) {
			t.Errorf("both asked, got %v", errs)
		}
	})
}
