package stat

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// TestQuantileIsNear: over six decades of latencies each quantile is within the width
// of a bucket, and merging in any order tells the same.
func TestQuantileIsNear(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	var whole Sketch
	parts := make([]Sketch, 7)
	for i := range 5000 {
		d := time.Duration(math.Exp(rng.Float64()*13) * float64(10*time.Microsecond))
		all = append(all, d)
		whole.Add(d)
		parts[i%7].Add(d)
	}
	slices.Sort(all)
	var merged Sketch
	for _, i := range rng.Perm(7) {
		merged.Merge(parts[i])
	}
	if !slices.Equal(whole, merged) {
		t.Error("merged parts differ from the whole")
	}
	for _, q := range []float64{0.01, 0.5, 0.9, 0.99, 1} {
		want := all[int(math.Ceil(q*float64(len(all))))-1]
		if got := whole.Quantile(q); math.Abs(float64(got-want)) > 0.13*float64(want) {
			t.Errorf("quantile %v is %v, want about %v", q, got, want)
		}
	}
	if (Sketch{}).Quantile(0.5) != 0 {
		t.Error("nothing has a median")
	}
}

// TestTaskAdds: minutes that are put together are as if observed together.
func TestTaskAdds(t *testing.T) {
	t.Parallel()
	obs := []struct {
		ok bool
		d  time.Duration
	}{{true, 3 * time.Millisecond}, {false, 0}, {false, time.Millisecond}, {true, 900 * time.Microsecond}, {false, 0}}
	var whole, first, second Task
	for i, o := range obs {
		whole.Observe(o.ok, o.d)
		if i < 2 {
			first.Observe(o.ok, o.d)
		} else {
			second.Observe(o.ok, o.d)
		}
	}
	first.Add(second)
	if !reflect.DeepEqual(first, whole) || whole.Probes != 5 || whole.Failed != 3 || whole.Lost != 2 || whole.Min != 900*time.Microsecond || whole.Sum != 4900*time.Microsecond || whole.Answered() != 3 {
		t.Errorf("whole %+v\nadded %+v", whole, first)
	}
}

func TestProbesTravel(t *testing.T) {
	t.Parallel()
	task := Task{Key: traffic.TaskKey{Address: "a", Template: "web", Port: 80}}
	task.Observe(true, 12*time.Millisecond)
	task.Observe(false, 0)
	p := &Probes{Head: Head{Version, "hz", "i", 3, 60_000, 12, 7}, Tasks: []Task{task, {Key: traffic.TaskKey{Address: "b", Template: "ping"}}}}
	got, err := DecodeProbes("hz", Encode(p))
	if err != nil || !bytes.Equal(Encode(got), Encode(p)) {
		t.Errorf("%v: sent %+v\ngot %+v", err, p, got)
	}
	if _, err := DecodeProbes("other", Encode(p)); err == nil {
		t.Error("one vantage speaks as another")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"v":1,"from":"x","instance":"i","seq":1,"tasks":[{"a":"a","t":"t","n":2,"f":1,"l":1,"min":5,"max":5,"sum":5,"s":"CQE="}]}`))
	f.Add([]byte(`{"v":1,"from":"x","instance":"i","seq":1,"answers":[{"d":"w/A","n":4}],"subnets":[{"s":"192.0.2.0/24","n":4,"m":2}],"zones":[{"z":"e","o":"nodata","n":1}],"codes":[{"t":1,"r":0,"n":3}],"countries":[{"c":"cn","n":1,"m":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := DecodeProbes("x", data); err == nil {
			again, err := DecodeProbes("x", Encode(p))
			if err != nil || !bytes.Equal(Encode(p), Encode(again)) {
				t.Fatalf("%v: %+v became %+v", err, p, again)
			}
			for _, k := range p.Tasks {
				var sum Task
				sum.Add(k)
				if sum.Spread.Quantile(0.5) < 0 || sum.Failed > sum.Probes {
					t.Fatalf("accepted %+v", k)
				}
			}
		}
		if q, err := DecodeQueries("x", data); err == nil {
			if again, err := DecodeQueries("x", Encode(q)); err != nil || !bytes.Equal(Encode(q), Encode(again)) {
				t.Fatalf("%v: %+v became %+v", err, q, again)
			}
		}
	})
}
