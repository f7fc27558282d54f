package codec_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/traffic"
)

var update = flag.Bool("update", false, "write the golden files anew; never for a released version")

func key(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

func public(n byte) ed25519.PublicKey { return key(n).Public().(ed25519.PublicKey) }

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func seal(t testing.TB, kind codec.Kind, pos traffic.Position, raw []byte) *codec.Sealed {
	t.Helper()
	s, err := codec.Seal(kind, pos, time.UnixMicro(1_700_000_000_000_000), raw, key(1))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var somewhere = traffic.Position{Epoch: 2, Revision: 77, Chain: traffic.Hash{1, 2, 3}}

// golden are envelopes as version 1 wrote them. They must be read for ever.
var golden = []struct {
	name string
	kind codec.Kind
	raw  []byte
}{
	{"revision-v1", codec.Revision, []byte(`[{"kind":"address","name":"a","body":null}]`)},
	{"snapshot-v1", codec.Snapshot, []byte(strings.Repeat(`{"kind":"address","name":"a","body":null},`, 40))},
	{"empty-v1", codec.Revision, []byte("[]")},
}

func TestGoldenFilesAreRead(t *testing.T) {
	t.Parallel()
	for _, g := range golden {
		path := filepath.Join("testdata", g.name+".hex")
		if *update {
			if err := os.WriteFile(path, []byte(hex.EncodeToString(seal(t, g.kind, somewhere, g.raw).File())+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		s, err := codec.Open(b, codec.NewKeys(public(1)))
		if err != nil {
			t.Fatalf("%s: %v", g.name, err)
		}
		raw, err := s.Content()
		if err != nil || !bytes.Equal(raw, g.raw) || s.Kind != g.kind || s.Position != somewhere || s.At.UnixMicro() != 1_700_000_000_000_000 {
			t.Errorf("%s reads as %s %s of %s with %d bytes (%v)", g.name, s.Kind, s.Position, s.At, len(raw), err)
		}
	}
}

func TestOpenGivesWhatWasSealed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(rt, "raw")
		raw = bytes.Repeat(raw, rapid.IntRange(1, 50).Draw(rt, "times"))
		pos := traffic.Position{Epoch: rapid.Uint64().Draw(rt, "epoch"), Revision: rapid.Uint64().Draw(rt, "revision")}
		kind := rapid.SampledFrom([]codec.Kind{codec.Revision, codec.Snapshot}).Draw(rt, "kind")
		whole := seal(t, kind, pos, raw)
		s, err := codec.Open(whole.File(), codec.NewKeys(public(9), public(1)))
		if err != nil {
			rt.Fatal(err)
		}
		got, err := s.Content()
		if err != nil || !bytes.Equal(got, raw) || s.Kind != kind || s.Position != pos {
			rt.Fatalf("%s %s came back as %s %s (%v)", kind, pos, s.Kind, s.Position, err)
		}
		head, err := codec.ReadHead(whole.Head(), codec.NewKeys(public(1)))
		if err != nil || head.Set() != whole.Set() || head.Count() != whole.Count() || head.Size() != whole.Size() {
			rt.Fatalf("head: %v", err)
		}
	})
}

func TestPartsComeTogetherInAnyOrder(t *testing.T) {
	t.Parallel()
	contents := map[uint64][]byte{}
	var messages [][]byte
	for i, size := range []int{0, 1, codec.PartSize, codec.PartSize + 1, 5*codec.PartSize - 3} {
		raw := noise(size)
		contents[uint64(i)] = raw
		parts := seal(t, codec.Revision, traffic.Position{Epoch: 1, Revision: uint64(i)}, raw).Parts()
		if want := max(1, (size+codec.PartSize-1)/codec.PartSize); len(parts) != want {
			t.Errorf("%d bytes make %d parts, want %d", size, len(parts), want)
		}
		for _, p := range parts {
			if len(p) > codec.PartSize+512 {
				t.Errorf("a part of %d bytes", len(p))
			}
		}
		messages = append(messages, parts...)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 5 {
		// Of each envelope in turn: shuffled and doubled.
		asm := codec.Assembler{Keys: codec.NewKeys(public(1))}
		got := map[uint64]int{}
		list := append(append([][]byte{}, messages...), messages...)
		for _, at := range []int{0, len(messages)} {
			m := list[at : at+len(messages)]
			r.Shuffle(4, func(i, j int) { m[i], m[j] = m[j], m[i] })
			r.Shuffle(5, func(i, j int) { m[4+i], m[4+j] = m[4+j], m[4+i] })
		}
		for _, b := range list {
			p, err := codec.DecodePart(b)
			if err != nil {
				t.Fatal(err)
			}
			whole, err := asm.Add(p)
			if err != nil {
				t.Fatal(err)
			}
			if whole == nil {
				continue
			}
			got[whole.Position.Revision]++
			if c, err := whole.Content(); err != nil || !bytes.Equal(c, contents[whole.Position.Revision]) {
				t.Fatalf("revision %d came together as %d bytes (%v)", whole.Position.Revision, len(c), err)
			}
		}
		for i := range contents {
			if got[i] < 1 {
				t.Fatalf("revision %d never came together", i)
			}
		}
	}
}

func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	raw := noise(2000)
	file := seal(t, codec.Revision, somewhere, raw).File()
	keys := codec.NewKeys(public(1))
	for i := range file {
		b := bytes.Clone(file)
		b[i] ^= 1 << (i % 8)
		if s, err := codec.Open(b, keys); err == nil {
			t.Fatalf("byte %d changed, and it opened as %s %s", i, s.Kind, s.Position)
		}
		if s, err := codec.Open(file[:i], keys); err == nil {
			t.Fatalf("cut at byte %d, and it opened as %s %s", i, s.Kind, s.Position)
		}
	}
	if _, err := codec.Open(append(bytes.Clone(file), 0), keys); !errors.Is(err, codec.ErrDamaged) {
		t.Errorf("with a byte too many: %v", err)
	}
	if _, err := codec.Open(file, codec.NewKeys(public(2))); !errors.Is(err, codec.ErrSignature) {
		t.Errorf("with another key: %v", err)
	}
	b := bytes.Clone(file)
	b[4] = 2
	if _, err := codec.Open(b, keys); !errors.Is(err, codec.ErrVersion) {
		t.Errorf("of version 2: %v", err)
	}
	// A part of one set with the data of another is found when it comes together.
	one, two := seal(t, codec.Revision, somewhere, noise(codec.PartSize+5)).Parts(), seal(t, codec.Revision, somewhere, noise(codec.PartSize + 5)[1:]).Parts()
	mixed := append(bytes.Clone(one[0][:200]), two[0][200:]...)
	asm := codec.Assembler{Keys: keys}
	for _, m := range [][]byte{mixed, one[1]} {
		p, err := codec.DecodePart(m)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := asm.Add(p)
		if whole != nil {
			t.Fatal("mixed parts came together")
		}
		if p.Index == 1 && !errors.Is(err, codec.ErrDamaged) {
			t.Errorf("mixed parts: %v", err)
		}
	}
}

func TestSealRefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	// The zeros are never touched, so this costs address space, not memory.
	if _, err := codec.Seal(codec.Snapshot, somewhere, time.Now(), make([]byte, codec.MaxRaw+1), key(1)); err == nil {
		t.Error("more than MaxRaw was sealed")
	}
}

func TestKeysRotateInOrder(t *testing.T) {
	t.Parallel()
	rotation := func(serial uint64, from byte, to ...byte) []byte {
		r := codec.Rotation{Serial: serial}
		for _, n := range to {
			r.Keys = append(r.Keys, codec.FormatKey(public(n)))
		}
		return codec.SealRotation(r, key(from))
	}
	k := codec.NewKeys(public(1))
	for _, tt := range []struct {
		name    string
		b       []byte
		changed bool
		err     string
		serial  uint64
	}{
		{"one signed by a stranger is refused", rotation(1, 9, 9), false, "not signed", 0},
		{"one that skips a serial is refused", rotation(2, 1, 2), false, "those of rotation 0", 0},
		{"one without keys is refused", rotation(1, 1), false, "has 0 keys", 0},
		{"noise is refused", []byte("{"), false, "damaged", 0},
		{"the old key brings in two new ones", rotation(1, 1, 2, 3), true, "", 1},
		{"the same again changes nothing", rotation(1, 1, 2, 3), false, "", 1},
		{"the key that is gone cannot sign any more", rotation(2, 1, 1), false, "not signed", 1},
		{"a new key can", rotation(2, 3, 4), true, "", 2},
	} {
		changed, err := k.Rotate(tt.b)
		if changed != tt.changed || k.Serial() != tt.serial || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: changed %v, serial %d, %v", tt.name, changed, k.Serial(), err)
		}
	}
	b, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	again := codec.NewKeys()
	if err := json.Unmarshal(b, again); err != nil || again.Serial() != 2 || !again.List()[0].Equal(public(4)) {
		t.Errorf("stored and read: serial %d, %v", again.Serial(), err)
	}
	for _, bad := range []string{`{"v":2,"keys":["x"]}`, `{"v":1}`, `{"v":1,"keys":["x"]}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), codec.NewKeys()); err == nil {
			t.Errorf("%s was read as keys", bad)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, g := range golden {
		f.Add(seal(f, g.kind, somewhere, g.raw).File())
	}
	keys := codec.NewKeys(public(1))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := codec.Open(b, keys)
		if err != nil {
			return
		}
		// Only what was signed opens, so it must be the very bytes.
		if !bytes.Equal(s.File(), b) {
			t.Fatal("what opened is not what was written")
		}
		if _, err := s.Content(); err != nil {
			t.Fatalf("signed content cannot be read: %v", err)
		}
	})
}

// Parts that are read keep their own word about their size, and cost no more memory
// than they have bytes.
func FuzzDecodePart(f *testing.F) {
	for _, p := range seal(f, codec.Revision, somewhere, noise(codec.PartSize+100)).Parts() {
		f.Add(p)
	}
	f.Add(seal(f, codec.Snapshot, somewhere, []byte("[]")).Parts()[0])
	keys := codec.NewKeys(public(1))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := codec.DecodePart(b)
		if err != nil {
			return
		}
		if p.Index < 0 || p.Index >= p.Count || p.Count > codec.MaxPayload/codec.PartSize {
			t.Fatalf("part %d of %d", p.Index, p.Count)
		}
		asm := codec.Assembler{Keys: keys}
		whole, err := asm.Add(p)
		if err != nil || whole == nil {
			return
		}
		if _, err := whole.Content(); err != nil {
			t.Fatalf("a whole that cannot be read: %v", err)
		}
	})
}

func FuzzRotate(f *testing.F) {
	f.Add(codec.SealRotation(codec.Rotation{Serial: 1, Keys: []string{codec.FormatKey(public(2))}}, key(1)))
	f.Add(codec.SealRotation(codec.Rotation{Serial: 1, Keys: []string{codec.FormatKey(public(2))}}, key(3)))
	f.Fuzz(func(t *testing.T, b []byte) {
		k := codec.NewKeys(public(1))
		changed, err := k.Rotate(b)
		if (err != nil || !changed) && (k.Serial() != 0 || !k.List()[0].Equal(public(1))) {
			t.Fatal("a refused rotation changed the keys")
		}
		list, err := codec.RotationKeys(b)
		if changed && (err != nil || !slices.EqualFunc(list, k.List(), func(a, b ed25519.PublicKey) bool { return a.Equal(b) })) {
			t.Fatalf("a taken rotation brings in %v, and reads as %v (%v)", k.List(), list, err)
		}
	})
}
