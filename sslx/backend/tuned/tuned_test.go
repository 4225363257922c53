package tuned

import "testing"

func TestWithDefaults_KeepsTheUsersFlags(t *testing.T) {
	defaults := []string{"--xla_a=1", "--xla_b=2"}
	for given, want := range map[string]string{
		"":                     "--xla_a=1 --xla_b=2",
		"--xla_a=7 --xla_c":    "--xla_a=7 --xla_c --xla_b=2",
		"--xla_b=0 --xla_a=no": "--xla_b=0 --xla_a=no",
	} {
		if got := withDefaults(given, defaults); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}
