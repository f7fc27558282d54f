package oidc

import (
	"testing"
	"time"
)

func FuzzOpen(f *testing.F) {
	key := []byte("key")
	good, err := seal(key, pending{State: "s", Nonce: "n", Verifier: "v", Ends: time.Unix(1, 0)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		if p, ok := open(key, text); ok && text != good {
			t.Fatalf("opened %q, which was not sealed: %+v", text, p)
		}
		if _, ok := open([]byte("other"), text); ok {
			t.Fatal("opened with another key")
		}
	})
}

func FuzzGrants(f *testing.F) {
	f.Add("viewer; operator:team=web,env=prod")
	f.Fuzz(func(t *testing.T, text string) {
		gs, err := Grants(text)
		if err == nil && gs.Check() != nil {
			t.Fatalf("%q is %v, which makes no sense", text, gs)
		}
	})
}
