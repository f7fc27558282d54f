package auth_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/control/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(main{m}) }

type main struct{ m *testing.M }

func (m main) Run() int { return storetest.Main(m.m) }
