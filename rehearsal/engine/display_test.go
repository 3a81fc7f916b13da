package engine

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDisplay(t *testing.T) {
	var out bytes.Buffer
	d := newDisplay(&out)
	// Output of the CLI in a rehearsal, broken in the middle of a line.
	for _, part := range []string{
		"Updating (dev):\n\n@ updating.....\n +  aws:ec2:Vpc growbin creating (0s) \n +  aws:ec2:Vpc growbin crea",
		"ted (0.04s) \n\n\n +  kubernetes:apps/v1:Deployment web creating (4s) 1/3 replicas available\n",
		"    pulumi:pulumi:Stack growbin-dev  \n +  aws:ec2:Eip master create \n    + 238 to create\n",
		"\x1b[32m +  \x1b[0maws:iam:Role a \x1b[32mcreating (0s)\x1b[0m \n",
		" ~  kubernetes:apps/v1:Deployment web update [diff: ~spec]\n",
		"If you want to remove the stack completely, run `pulumi stack rm dev`.\nerror: no end of line",
	} {
		n, err := d.Write([]byte(part))
		assert.NoError(t, err)
		assert.Equal(t, len(part), n)
	}
	d.Flush()
	assert.Equal(t, "  Updating (dev):\n  \n   +  aws:ec2:Vpc growbin created (0.04s) \n  \n"+
		"   +  kubernetes:apps/v1:Deployment web creating (4s) 1/3 replicas available\n      + 238 to create\n"+
		"   ~  kubernetes:apps/v1:Deployment web update [diff: ~spec]\n  error: no end of line\n", out.String())
}
