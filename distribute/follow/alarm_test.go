package follow

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meridian-gtm/meridian/distribute/stream"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestAlarmsComeAndGoWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &Follower{log: slog.New(slog.DiscardHandler)}
		want := func(parts ...string) {
			t.Helper()
			got := f.Alarms()
			if len(got) != len(parts) {
				t.Fatalf("alarms %q, want %d", got, len(parts))
			}
			for i, p := range parts {
				if !strings.Contains(got[i], p) {
					t.Errorf("alarm %q, want one about %q", got[i], p)
				}
			}
		}
		time.Sleep(time.Hour)
		want() // not running: silence is no wonder
		f.since = time.Now()
		time.Sleep(silentFor)
		want()
		time.Sleep(time.Second)
		want("nothing heard from control for 16s")
		f.head, f.headAt = stream.Head{Position: traffic.Position{Epoch: 1, Revision: 9}}, time.Now()
		f.noteBehindLocked()
		time.Sleep(behindAlarm + time.Second)
		want("in use for 11s longer is nothing")
		f.reached(traffic.Position{Epoch: 1, Revision: 8})
		want("is 1.8.")
		f.reached(traffic.Position{Epoch: 1, Revision: 9})
		want()
		f.headAt = time.Now()
		f.raise(alarmSignature, "a stranger's signature")
		f.raise(alarmDisk, "disk full")
		f.headAt = time.Now().Add(time.Hour)
		time.Sleep(shownFor + time.Second)
		want("disk full") // the other went by
		f.clear(alarmDisk)
		want()
	})
}
