package distribute

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
)

// What is read as current members keeps its bounds and reads the same again.
func FuzzDecodeCurrents(f *testing.F) {
	good := traffic.Current{Scope: traffic.Key{Kind: traffic.KindPool, Name: "p"}, Member: "a", Epoch: 7}
	f.Add(encodeCurrents(currentsMessage{List: []traffic.Current{good}, More: true}))
	f.Add(encodeCurrents(currentsMessage{Hello: true}))
	f.Add([]byte(`{"v":2}`))
	f.Add([]byte(`{"v":1,"list":[{"scope":{"kind":"pool","name":"p"},"epoch":18446744073709551615}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeCurrents(b)
		if err != nil {
			return
		}
		for _, c := range m.List {
			if c.Epoch == 0 || c.Epoch > maxEpoch || c.Scope.Name == "" {
				t.Fatalf("took %+v", c)
			}
		}
		again, err := decodeCurrents(encodeCurrents(m))
		if err != nil || !reflect.DeepEqual(again, m) && len(m.List)+len(again.List) > 0 {
			t.Fatalf("%+v came back as %+v (%v)", m, again, err)
		}
	})
}

// Lines that are read were written, whatever stands between them.
func FuzzReadCurrentLines(f *testing.F) {
	line := appendCurrentLine(nil, traffic.Current{Scope: traffic.Key{Kind: traffic.KindPool, Name: "p"}, Member: "a", Epoch: 1})
	f.Add(line)
	f.Add(append(line, line[:10]...))
	f.Add([]byte("00000000 \n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, bad := readCurrentLines(b)
		var again []byte
		for _, c := range list {
			again = appendCurrentLine(again, c)
		}
		back, none := readCurrentLines(again)
		if none != 0 || len(back) != len(list) || len(list)+bad > bytes.Count(b, []byte("\n"))+1 {
			t.Fatalf("%d good and %d bad lines came back as %d and %d", len(list), bad, len(back), none)
		}
	})
}

func FuzzParseStatus(f *testing.F) {
	f.Add("r1", []byte(`{"id":"x","roles":["resolver"],"position":{"epoch":1,"revision":2,"chain":"`+string(bytes.Repeat([]byte("0"), 64))+`"}}`))
	f.Add("a.b", []byte(`{}`))
	f.Fuzz(func(t *testing.T, id string, b []byte) {
		s, err := parseStatus(id, b)
		if err != nil {
			return
		}
		if s.ID != id || !nodeForm.MatchString(id) {
			t.Fatalf("status of %q passes as one of %q", s.ID, id)
		}
		out, err := json.Marshal(s)
		if err != nil {
			return // a time beyond what JSON can say
		}
		if _, err := parseStatus(id, out); err != nil && len(out) <= maxStatus {
			t.Fatalf("cannot be read again: %v", err)
		}
	})
}
