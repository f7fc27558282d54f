package bench

import (
	"os"
	"testing"

	"github.com/meridian-gtm/meridian/control/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
