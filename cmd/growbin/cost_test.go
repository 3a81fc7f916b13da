package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// totals are the figures of the lines that begin with a word, in USD.
func totals(t *testing.T, out, word string) (figures []float64) {
	t.Helper()
	for line := range strings.Lines(out) {
		if !strings.Contains(line, word) {
			continue
		}
		for _, text := range regexp.MustCompile(`[0-9]+\.[0-9]{2}`).FindAllString(line, -1) {
			figure, err := strconv.ParseFloat(text, 64)
			require.NoError(t, err)
			figures = append(figures, figure)
		}
	}
	return figures
}

func TestCost_AllStacksAndTheirSum(t *testing.T) {
	out, err := execute(t, "cost", "-C", "../..")
	require.NoError(t, err)
	each, sum := totals(t, out, "total"), totals(t, out, "together")
	require.Len(t, each, 4, out)
	require.Len(t, sum, 2, out)
	assert.Equal(t, fmt.Sprintf("%.2f", each[0]+each[2]), fmt.Sprintf("%.2f", sum[1]), "on demand")
	assert.Equal(t, fmt.Sprintf("%.2f", each[1]+each[3]), fmt.Sprintf("%.2f", sum[0]), "as bought")

	out, err = execute(t, "cost", "-C", "../..", "-s", "prod")
	require.NoError(t, err)
	assert.Equal(t, each[2:], totals(t, out, "total"))
	assert.Contains(t, out, "k8s-postgresql")
	assert.NotContains(t, out, "together")
}

func TestCost_ChangeAgainstADeployedStack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cost.json")
	for text, want := range map[string]string{
		`{"lines": [{"resource": "k8s-master", "item": "t3.large", "usd": 75.92, "onDemandUsd": 75.92}]}`: "against 75.92 as deployed",
		`{}`: "nothing is deployed yet",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		out, err := execute(t, "cost", "-C", "../..", "-s", "prod", "--deployed", file)
		require.NoError(t, err)
		assert.Contains(t, out, want)
		assert.Equal(t, 1, strings.Count(out, "\n"), "one line")
	}
	require.NoError(t, os.WriteFile(file, []byte("error: no stack"), 0o600))
	_, err := execute(t, "cost", "-C", "../..", "-s", "prod", "--deployed", file)
	assert.ErrorContains(t, err, "monthlyCost")
	_, err = execute(t, "cost", "-C", "../..", "--deployed", file)
	assert.ErrorContains(t, err, "--stack: not set")
}

func TestCost_NoStack(t *testing.T) {
	_, err := execute(t, "cost", "-C", t.TempDir())
	assert.ErrorContains(t, err, "--cwd: ")
	_, err = execute(t, "cost", "-C", "../..", "-s", "dve")
	assert.ErrorContains(t, err, `there is no stack "dve"`)
}
