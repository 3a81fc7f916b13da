package postgresql

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/s3server"
	"github.com/growbin/cluster/internal/testing/realserver"
)

func withUpload(args ServerArgs) ServerArgs {
	args.Upload = &Upload{Bucket: pulumi.String("dumps"), Region: "ap-northeast-2", Image: "amazon/aws-cli:2.37.5", Roles: map[string]pulumi.StringInput{}}
	for _, d := range args.Databases {
		args.Upload.Roles[d.Name] = pulumi.String("arn:aws:iam::000000000000:role/" + d.Name)
	}
	return args
}

// A job dumps first and uploads then, each database as its own role.
func TestUpload(t *testing.T) {
	r, _ := deploy(t, withUpload(validArgs()))
	jobs := r.OfType(cronJob)
	require.Len(t, jobs, 3)
	const podSpec = "spec.jobTemplate.spec.template.spec"
	var roles []string
	for _, job := range jobs {
		job.RequireMounts(t, podSpec)
		job.RequireRestricted(t, podSpec)
		assert.Equal(t, "backup", job.Value(podSpec+".initContainers[0].name"))
		assert.Equal(t, "upload", job.Value(podSpec+".containers[0].name"))
		assert.Equal(t, job.Name, job.Value(podSpec+".serviceAccountName"))
		r.One(t, "kubernetes:core/v1:ServiceAccount", job.Name)
		for _, variable := range job.Value(podSpec + ".containers[0].env").([]any) {
			if v := variable.(map[string]any); v["name"] == "AWS_ROLE_ARN" {
				roles = append(roles, v["value"].(string))
			}
		}
	}
	slices.Sort(roles)
	assert.Equal(t, []string{"arn:aws:iam::000000000000:role/audit_log", "arn:aws:iam::000000000000:role/billing", "arn:aws:iam::000000000000:role/orders"}, roles)
}

func TestUpload_Invalid(t *testing.T) {
	args := validArgs()
	args.Upload = &Upload{Image: "amazon/aws-cli", Roles: map[string]pulumi.StringInput{"orders": pulumi.String("arn")}}
	err := args.Validate()
	for _, want := range []string{
		"Upload.Bucket: not set", "Upload.Region: not set", "Upload.Image: \"amazon/aws-cli\" must", "Upload.Roles.billing: not set", "Upload.Roles.audit_log: not set",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "Upload.Roles.orders")
}

// uploader runs upload.sh with the real AWS CLI, as a caller of the simulated account.
func uploader(t *testing.T, session func(*awssim.Cloud) s3server.Session) (cloud *awssim.Cloud, dumps string, run func() (string, error)) {
	t.Helper()
	cli := realserver.Binary(t, "aws")
	cloud = awssim.New(awssim.Options{})
	client, problems := cloud.NewClient(nil)
	require.Empty(t, problems)
	const bucketType = "aws:s3/bucketV2:BucketV2"
	inputs, problems, err := client.Check(bucketType, "dumps", resource.NewPropertyMapFromMap(map[string]any{"bucket": "dumps"}), nil, nil)
	require.NoError(t, err)
	require.Empty(t, problems)
	_, _, err = client.Create(bucketType, "dumps", inputs)
	require.NoError(t, err)
	server := s3server.New()
	t.Cleanup(server.Close)
	folder := t.TempDir()
	require.NoError(t, realserver.InstallAWSCLI(folder, cli, server.URL()))
	files := withUpload(validArgs()).withDefaults().files()
	for name, mode := range map[string]os.FileMode{"upload.sh": 0o500, uploadConfig: 0o400} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(files[name]), mode))
	}
	dumps = filepath.Join(folder, "orders")
	require.NoError(t, os.Mkdir(dumps, 0o700))
	env := append(server.Allow("JOB", session(cloud)), "PATH="+folder+":"+os.Getenv("PATH"), "HOME="+t.TempDir(),
		"AWS_CONFIG_FILE="+filepath.Join(folder, uploadConfig), "DATABASE=orders", "BACKUP_DIR="+folder, "BUCKET=dumps")
	return cloud, dumps, func() (string, error) {
		return realserver.Run(t, realserver.Command{Path: filepath.Join(folder, "upload.sh"), Dir: folder, Env: env})
	}
}

func owner(c *awssim.Cloud) s3server.Session { return c }

// The latest dump arrives whole; a name sorts like its time.
func TestUploadScript_CopiesTheLatestDump(t *testing.T) {
	cloud, dumps, run := uploader(t, owner)
	_, err := run()
	require.ErrorContains(t, err, "there is no dump in")
	for name, content := range map[string]string{"orders-2026-11-24T180000Z.dump": "old", "orders-2026-11-25T180000Z.dump": "latest"} {
		require.NoError(t, os.WriteFile(filepath.Join(dumps, name), []byte(content), 0o600))
	}
	out, err := run()
	require.NoError(t, err)
	assert.Contains(t, out, "s3://dumps/orders/orders-2026-11-25T180000Z.dump (6 bytes)")
	keys, err := cloud.ListObjects("dumps", "")
	require.NoError(t, err)
	require.Equal(t, []string{"orders/orders-2026-11-25T180000Z.dump"}, keys)
	content, err := cloud.GetObject("dumps", keys[0])
	require.NoError(t, err)
	assert.Equal(t, "latest", string(content))
}

// cutting loses the end of each object, as no S3 would.
type cutting struct{ *awssim.Cloud }

func (c cutting) PutObject(bucket, key string, content []byte) error {
	return c.Cloud.PutObject(bucket, key, content[:len(content)-1])
}

// deaf stores objects that nobody can read back.
type deaf struct{ *awssim.Cloud }

func (d deaf) GetObject(bucket, _ string) ([]byte, error) { return d.Cloud.GetObject(bucket, "none") }

func TestUploadScript_FailsUnlessTheCopyIsWhole(t *testing.T) {
	for want, session := range map[string]func(*awssim.Cloud) s3server.Session{
		"orders-2026-11-25T180000Z.dump is 5\t": func(c *awssim.Cloud) s3server.Session { return cutting{c} },
		"404":                                   func(c *awssim.Cloud) s3server.Session { return deaf{c} },
	} {
		_, dumps, run := uploader(t, session)
		require.NoError(t, os.WriteFile(filepath.Join(dumps, "orders-2026-11-25T180000Z.dump"), []byte("latest"), 0o600))
		_, err := run()
		assert.ErrorContains(t, err, want)
	}
}

// A dump of another place is complete before restore.sh may read it.
func TestReceiveScript(t *testing.T) {
	folder := t.TempDir()
	script := filepath.Join(folder, "receive.sh")
	require.NoError(t, os.WriteFile(script, []byte(validArgs().files()["receive.sh"]), 0o500))
	sum := sha256.Sum256([]byte("dump"))
	run := func(stdin string, args ...string) (string, error) {
		out, err := realserver.Run(t, realserver.Command{
			Path: "/bin/bash", Args: []string{"-c", "printf %s " + stdin + " | " + script + " " + strings.Join(args, " ")}, Dir: folder,
			Env: []string{"RECEIVED_DIR=" + filepath.Join(folder, "received")},
		})
		return strings.TrimSpace(out), err
	}
	const name = "orders-2026-11-25T180000Z.dump"
	path, err := run("dump", "orders", name, hex.EncodeToString(sum[:]))
	require.NoError(t, err)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "dump", string(content))
	assert.Equal(t, filepath.Join(folder, "received/orders", name), path)

	_, err = run("dum", "orders", name, hex.EncodeToString(sum[:]))
	require.ErrorContains(t, err, "did NOT match")
	assert.NoFileExists(t, path)
	for _, bad := range [][]string{{"../etc", name, "x"}, {"orders", "../../x.dump", "x"}, {"orders", "x", "x"}, {"orders"}} {
		_, err = run("dump", bad...)
		assert.Error(t, err, bad)
	}
}

func TestFiles_UploadOnlyWithABucket(t *testing.T) {
	without, with := validArgs().files(), withUpload(validArgs()).withDefaults().files()
	maps.DeleteFunc(with, func(name, _ string) bool { _, both := without[name]; return both })
	assert.Equal(t, []string{uploadConfig, "upload.sh"}, slices.Sorted(maps.Keys(with)))
}
