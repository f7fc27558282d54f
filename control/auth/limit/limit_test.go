package limit

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestLimiter(t *testing.T) {
	t.Parallel()
	l := New(3, 10*time.Second, 100)
	for i := range 3 {
		if w := l.Take("ann", noon); w != 0 {
			t.Fatalf("attempt %d waits %v", i, w)
		}
	}
	if w := l.Take("ann", noon); w != 10*time.Second {
		t.Errorf("the fourth waits %v", w)
	}
	if w := l.Take("bob", noon); w != 0 {
		t.Errorf("another key waits %v", w)
	}
	if w := l.Take("ann", noon.Add(9*time.Second)); w != time.Second {
		t.Errorf("after 9 s it waits %v", w)
	}
	if w := l.Take("ann", noon.Add(10*time.Second)); w != 0 {
		t.Errorf("after 10 s it waits %v", w)
	}
	l.Give("ann")
	if w := l.Take("ann", noon.Add(10*time.Second)); w != 0 {
		t.Errorf("what was given back waits %v", w)
	}
	l.Give("nobody")
}

// TestTableIsBounded: any number of keys, and the one in use is not forgotten.
func TestTableIsBounded(t *testing.T) {
	t.Parallel()
	l := New(1, time.Hour, 50)
	l.Take("ann", noon)
	for i := range 10_000 {
		l.Take(fmt.Sprint(i), noon)
		if i%10 == 0 && l.Take("ann", noon) == 0 {
			t.Fatal("forgot a key in use")
		}
	}
	if len(l.bucket) != 50 || l.recent.Len() != 50 {
		t.Errorf("%d keys, %d in line", len(l.bucket), l.recent.Len())
	}
}

// TestNeverMoreThanPromised: in any stretch of time no more than the burst and one for
// every so often pass, whatever the order of attempts.
func TestNeverMoreThanPromised(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		burst, every := rapid.IntRange(1, 5).Draw(t, "burst"), 10*time.Second
		l := New(burst, every, 10)
		now, passed := noon, 0
		for _, s := range rapid.SliceOf(rapid.IntRange(0, 15)).Draw(t, "steps") {
			now = now.Add(time.Duration(s) * time.Second)
			w := l.Take("k", now)
			if w == 0 {
				passed++
			} else if w > every || l.Take("k", now.Add(w)) != 0 {
				t.Fatalf("told to wait %v, and waited in vain", w)
			} else {
				now, passed = now.Add(w), passed+1
			}
			if most := burst + int(now.Sub(noon)/every); passed > most {
				t.Fatalf("%d passed within %v", passed, now.Sub(noon))
			}
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	l := New(5, time.Hour, 10)
	var wg sync.WaitGroup
	var mu sync.Mutex
	passed := 0
	for range 20 {
		wg.Go(func() {
			for range 50 {
				if l.Take("k", noon) == 0 {
					mu.Lock()
					passed++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if passed != 5 {
		t.Errorf("%d passed at once", passed)
	}
}
