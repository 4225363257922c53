package experiments

import (
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
)

func TestMain(m *testing.M) {
	testbackend.Unoptimized()
	testbackend.Main(m)
}
