package store_test

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
)

func TestProcessesThatStartTogetherShareASecret(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		a, b := open(), open()
		got := make([][]byte, 8)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				s := a
				if i%2 == 1 {
					s = b
				}
				var err error
				if got[i], err = s.Secret(t.Context(), "x", func() ([]byte, error) { return []byte{byte(i)}, nil }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, g := range got {
			if !bytes.Equal(g, got[0]) {
				t.Errorf("secrets differ: %x and %x", g, got[0])
			}
		}
		bad := errors.New("no")
		if _, err := a.Secret(t.Context(), "y", func() ([]byte, error) { return nil, bad }); !errors.Is(err, bad) {
			t.Errorf("a secret that cannot be made: %v", err)
		}
	})
}

func TestSigningKeysFollowEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s, other := open(), open()
		first, err := s.Signing(t.Context())
		if err != nil || first.Serial() != 0 {
			t.Fatalf("%+v %v", first, err)
		}
		one := store.KeyRotation{Serial: 1, Rotation: []byte("one"), CreatedBy: "ann", CreatedAt: noon}
		if err := s.Rotate(t.Context(), bytes.Repeat([]byte{1}, 32), one); err != nil {
			t.Fatal(err)
		}
		for _, serial := range []uint64{1, 3} { // somebody else was faster; one is missing
			if err := other.Rotate(t.Context(), bytes.Repeat([]byte{2}, 32), store.KeyRotation{Serial: serial}); !errors.Is(err, store.ErrMoved) {
				t.Errorf("rotation %d after 1: %v", serial, err)
			}
		}
		got, err := other.Signing(t.Context())
		if err != nil || got.Serial() != 1 || got.Seed[0] != 1 || string(got.Rotations[0].Rotation) != "one" || got.Rotations[0].CreatedBy != "ann" || !got.Rotations[0].CreatedAt.Equal(noon) {
			t.Errorf("%+v %v", got, err)
		}
		if n, err := other.SigningSerial(t.Context()); n != 1 || err != nil {
			t.Errorf("serial %d %v", n, err)
		}
	})
}

func TestInvitedNodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		n := store.Node{ID: "p1", Role: "prober", Vantage: "v1", Labels: map[string]string{"country": "CN"}, PublicKey: "U1", TLS: true, CreatedBy: "ann", CreatedAt: noon}
		only := func() store.Node {
			t.Helper()
			list, err := s.Nodes(t.Context())
			if err != nil || len(list) != 1 {
				t.Fatalf("%v %v", list, err)
			}
			return list[0]
		}
		if err := s.AddNode(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if err := s.AddNode(t.Context(), n); !errors.Is(err, store.ErrExists) {
			t.Errorf("a second of one id: %v", err)
		}
		if got := only(); got.PublicKey != "U1" || !got.TLS || !maps.Equal(got.Labels, n.Labels) || !got.CreatedAt.Equal(noon) {
			t.Errorf("%+v", got)
		}
		again := n
		again.PublicKey, again.Role, again.TLS, again.Labels, again.CreatedAt = "U2", "resolver", false, nil, noon.Add(time.Hour)
		if err := s.ReplaceNode(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		if got := only(); got.PublicKey != "U2" || got.Role != "resolver" || got.TLS || len(got.Labels) != 0 {
			t.Errorf("%+v", got)
		}
		if err := s.LabelNode(t.Context(), "p1", map[string]string{"isp": "telecom"}); err != nil {
			t.Fatal(err)
		}
		if got := only(); got.Labels["isp"] != "telecom" || got.PublicKey != "U2" {
			t.Errorf("%+v", got)
		}
		removed := func(want string) {
			t.Helper()
			if got, err := s.RemovedVantages(t.Context(), noon); err != nil || strings.Join(got, " ") != want {
				t.Errorf("removed vantages: %q %v, want %q", got, err, want)
			}
		}
		removed("")
		for at, want := range []string{"", "v1"} { // removed before the time asked for, then after it
			if err := s.DeleteNode(t.Context(), "p1", noon.Add(time.Duration(2*at-1)*time.Hour)); err != nil {
				t.Fatal(err)
			}
			removed(want)
			if err := s.AddNode(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			removed("") // a node has it again
		}
		if err := s.DeleteNode(t.Context(), "p1", noon); err != nil {
			t.Fatal(err)
		}
		again.ID = "none"
		for what, err := range map[string]error{"remove": s.DeleteNode(t.Context(), "p1", noon), "replace": s.ReplaceNode(t.Context(), again), "label": s.LabelNode(t.Context(), "p1", nil)} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s a node that is not there: %v", what, err)
			}
		}
	})
}
