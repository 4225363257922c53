package encoder

import (
	"regexp"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
)

// movesMaps finds the operations by which a device gets the feature maps of another.
var movesMaps = regexp.MustCompile(` (all-gather|all-to-all|collective-permute)[(-]`)

// compileShared compiles an encoder's gradient for a batch that two devices share.
func compileShared(t *testing.T, e Encoder) {
	t.Helper()
	mesh, spread := testbackend.SharedBatch(t, 2)
	exec, err := model.NewExec(testbackend.Open(t), model.NewStore(), func(scope *model.Scope, images *Node) []*Node {
		return gradient(e, scope, images)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	exec.AutoSharding(mesh).WithInputShardingSpecs(spread)
	half := shapes.Make(dtypes.Float32, 8, 32, 32, 3)
	if _, err := exec.Compile(half, half); err != nil {
		t.Fatal(err)
	}
}

func TestEncoder_DevicesThatShareABatchExchangeSumsAlone(t *testing.T) {
	if b := testbackend.Open(t); b.NumDevices() < 2 {
		t.Skipf("%s has one device", b.Name())
	}
	programs := testbackend.Programs(t)
	if programs == nil {
		for _, name := range []string{"convnet", "resnet18"} {
			compileShared(t, ofWidth(name, 4))
		}
		return
	}
	if len(programs) != 2 {
		t.Fatalf("%d programs were compiled, want 2", len(programs))
	}
	for _, program := range programs {
		if !strings.Contains(program, "all-reduce(") {
			t.Error("devices do not add up their sums")
		}
		if moved := movesMaps.FindAllString(program, -1); moved != nil {
			t.Errorf("devices exchange more than sums, by%s", strings.Join(moved, ""))
		}
	}
}
