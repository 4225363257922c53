package command

import (
	"os"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/runs"
)

func TestUsage_WrongUsageExitsWith2AndOneSentence(t *testing.T) {
	isolate(t)
	imageFolder(t, "photos")
	for _, test := range []struct{ args, says string }{
		{"pretrian --out x", `unknown command "pretrian": did you mean "pretrain"?`},
		{"frobnicate", `unknown command "frobnicate": it must be one of backend, `},
		{"data lst", `unknown data command "lst": did you mean "list"?`},
		{"help dta", `unknown command "dta": did you mean "data"?`},
		{"completion bsh", `unknown completion command "bsh": did you mean "bash"?`},
		{"completion bash x", `"x"`},
		{"pretrain --sett epochs=1", "unknown flag --sett: did you mean --set?"},
		{"quickstart --jsn", "unknown flag --jsn: did you mean --json?"},
		{"quickstart --frobnicate", "unknown flag --frobnicate: see `sslx quickstart --help`"},
		{"quickstart -q", "unknown flag -q: see `sslx quickstart --help`"},
		{"quickstart --seed -1", `--seed is "-1": it must be a whole number, 0 or more`},
		{"data import photos --size big", `--size is "big": it must be a whole number`},
		{"quickstart --json=maybe", `--json is "maybe": it must be true or false`},
		{"pretrain --out", "flag needs an argument: --out"},
		{"pretrain", "--out RUN"},
		{"pretrain --out a --resume b", "leave one of them out"},
		{"pretrain --resume a --set epochs=1", "a resumed run keeps its configuration"},
		{"pretrain --resume a", `there is no run "a"`},
		{"pretrain --out a --config absent.yaml", "absent.yaml"},
		{"pretrain --out a --set epoch=1", `did you mean "epochs"?`},
		{"pretrain --out a --set epochs=0", "epochs is 0"},
		{"pretrain --out a --set data=absent", `there is no data set "absent"`},
		{"quickstart --data factor", `did you mean "factors"?`},
		{"evaluate", "an argument is missing: write `sslx evaluate RUN|WEIGHTS`"},
		{"evaluate a --size 32", "leave --size, --mean and --std out"},
		{"evaluate a --mean 0.5 --compare b", "leave --size, --mean and --std out"},
		{"evaluate a b", `"b" is one argument too many`},
		{"evaluate a", `there is no run "a", neither here nor in runs/`},
		{"runs compare a", "an argument is missing: write `sslx runs compare RUN RUN...`"},
		{"runs list absent", "there is no folder absent"},
		{"runs export a", `there is no run "a"`},
		{"doctor now", `"now" is one argument too many`},
		{"backend install cuda14", `did you mean "cuda12"?`},
		{"data import absent", "absent"},
		{"data import photos --size 0", "--size is 0: it must be from 1 to 4096"},
		{"data verify absent", `there is no packed data set "absent"`},
		{"data get cifar1", `did you mean "cifar10"?`},
	} {
		status, stdout, stderr := call(t, strings.Fields(test.args)...)
		if status != statusUsage || stdout != "" {
			t.Errorf("%s: status %d, stdout %q; want 2 and nothing", test.args, status, stdout)
		}
		if !strings.HasPrefix(stderr, "sslx: ") || strings.Count(stderr, "\n") != 1 ||
			!strings.Contains(stderr, test.says) {
			t.Errorf("%s: stderr is %q; want one line with %q", test.args, stderr, test.says)
		}
	}
	for _, path := range []string{"a", "x", runs.Folder} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("wrong usage left %s behind", path)
		}
	}
}

func TestUsage_AGroupAlonePrintsItsHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"data"}, {"runs"}, {"backend"}, {"completion"}} {
		status, stdout, stderr := call(t, args...)
		if status != statusDone || !strings.Contains(stdout, "Usage:") || stderr != "" {
			t.Errorf("%v: status %d, stdout %q, stderr %q", args, status, stdout, stderr)
		}
	}
}
