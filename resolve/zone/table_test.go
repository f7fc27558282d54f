package zone

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// A shard is a map, also where all names fight for the same few places.
func TestShardIsAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type key struct {
			zone uint32
			name string
		}
		hash := map[key]uint64{}
		want := map[key]*Node[attached]{}
		s := newShard[attached](1)
		draw := func(t *rapid.T) (key, uint64) {
			k := key{uint32(rapid.IntRange(1, 2).Draw(t, "zone")), fmt.Sprintf("\x02n%d\x00", rapid.IntRange(0, 9).Draw(t, "name"))}
			if _, ok := hash[k]; !ok {
				hash[k] = uint64(rapid.IntRange(0, 5).Draw(t, "hash"))
			}
			return k, hash[k]
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k, h := draw(t)
				n := &Node[attached]{Name: []byte(k.name), zoneID: k.zone}
				s.put(h, n)
				want[k] = n
			},
			"remove": func(t *rapid.T) {
				k, h := draw(t)
				s.remove(h, &Node[attached]{Name: []byte(k.name), zoneID: k.zone})
				delete(want, k)
			},
			"": func(t *rapid.T) {
				if s.used != len(want) {
					t.Fatalf("%d used, want %d", s.used, len(want))
				}
				for k, h := range hash {
					if got := s.find(h, k.zone, nil, []byte(k.name)); got != want[k] {
						t.Fatalf("%v: found %v, want %v", k, got, want[k])
					}
					if got := s.find(h, k.zone, []byte(k.name[:3]), []byte(k.name[3:])); got != want[k] {
						t.Fatalf("%v in two parts: found %v, want %v", k, got, want[k])
					}
				}
			},
		})
	})
}
