package cluster

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

func TestNoAcknowledgedWriteIsLostWhenControlIsKilled(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control")
	c.cli(head+"zones:\n  - {name: example.com, records: []}\n", "apply", "-f", "-")
	c.join("resolver", "r1")
	token := c.adminToken()
	r := rand.New(rand.NewPCG(8, 8))
	kept := map[string]string{} // record -> data that was acknowledged last
	rounds := times(5, 100)
	acknowledged := 0
	for round := range rounds {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for writer := range 3 {
			wg.Go(func() {
				// Ends at the first write that fails: control is gone. That write may be
				// there or not; its name is not used again.
				for n := 0; ; n++ {
					name, data := fmt.Sprintf("w%d-%d-%d", round, writer, n/2), fmt.Sprintf(`"%d"`, n)
					var answer struct{ Revision uint64 }
					if err := c.callAs(token, "PUT", "/records/example.com/"+name+"/TXT", object{"zone": "example.com", "name": name, "type": "TXT", "data": []string{data}}, &answer); err != nil {
						mu.Lock()
						delete(kept, name) // the new data may or may not be there
						mu.Unlock()
						return
					}
					mu.Lock()
					kept[name] = data
					acknowledged++
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(5+r.IntN(300)) * time.Millisecond)
		c.control.kill()
		wg.Wait()
		c.control.start()
		for name, data := range kept {
			var got struct{ Data []string }
			if err := c.callAs(token, "GET", "/records/example.com/"+name+"/TXT", nil, &got); err != nil {
				t.Errorf("round %d: an acknowledged write is lost: %v", round, err)
			} else if len(got.Data) != 1 || got.Data[0] != data {
				t.Errorf("round %d: record %s holds %q, acknowledged was %s", round, name, got.Data, data)
			}
		}
		if t.Failed() {
			return
		}
		if round%10 != 9 { // what survived one kill is asked again after nine more
			continue
		}
		clear(kept)
	}
	if acknowledged < rounds {
		t.Errorf("only %d writes were acknowledged in %d rounds", acknowledged, rounds)
	}
	// The log that nodes follow never forked: the resolver is where the store is.
	c.converge("r1")
	note(fmt.Sprintf("%d kills (-9) of control in the middle of writes", rounds), "no acknowledged write lost", fmt.Sprintf("%d acknowledged, 0 lost", acknowledged))
}
