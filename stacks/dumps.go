package stacks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/bucket"
	"github.com/growbin/cluster/components/encryption"
	"github.com/growbin/cluster/components/instance"
	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/components/kubeconfig"
	"github.com/growbin/cluster/components/pins"
	"github.com/growbin/cluster/components/podidentity"
	"github.com/growbin/cluster/components/postgresql"
	"github.com/growbin/cluster/components/validation"
)

// dumpVersionDays is the number of days for which an expired or overwritten dump can be restored.
const dumpVersionDays = 7

// dumpsParameter returns the name of the SSM parameter with the name of the bucket of dumps.
func dumpsParameter(cluster string) string { return "/" + cluster + "/dumps" }

// newDumps creates the bucket of database dumps, and the parameter by which an update finds it when a data volume is lost.
func newDumps(ctx *pulumi.Context, s *Settings, key *encryption.Key, users []string, onAWS pulumi.ResourceOption) (*bucket.Bucket, error) {
	name := s.ClusterName() + "-dumps"
	dumps, err := bucket.NewBucket(ctx, name, &bucket.BucketArgs{
		NoncurrentDays: dumpVersionDays, ExpireDays: s.DumpKeepDays, DeletionProtection: s.DeletionProtection,
		KeyARN: key.ARN, Users: users,
	}, onAWS)
	if err != nil {
		return nil, err
	}
	_, err = ssm.NewParameter(ctx, name, &ssm.ParameterArgs{
		Name: pulumi.String(dumpsParameter(s.ClusterName())), Type: pulumi.String("String"), InsecureValue: dumps.Name,
		Description: pulumi.String("Bucket of the database dumps"),
	}, pulumi.Parent(dumps))
	return dumps, err
}

// dumpRole returns the name of the role of the job that dumps a database.
func (s *Settings) dumpRole(database string) string {
	return fmt.Sprintf("%s-dump-%s", s.ClusterName(), database)
}

// dumpUpload returns the bucket of dumps with a role per database, which may put and read the dumps of that database alone, and
// delete none.
func dumpUpload(ctx *pulumi.Context, s *Settings, c *infrastructure) (*postgresql.Upload, error) {
	upload := &postgresql.Upload{Bucket: c.dumps.Name, Region: s.Region, Image: s.pinned(pins.AWSCLI), Roles: map[string]pulumi.StringInput{}}
	for _, d := range databases() {
		role, err := podidentity.NewRole(ctx, "dump-"+d.Name, &podidentity.RoleArgs{
			RoleName: s.dumpRole(d.Name), Issuer: c.Issuer,
			Namespace: namespaceData, ServiceAccount: postgresql.BackupName(serverPostgreSQL, d.Name),
			Statements: []kubeadm.Statement{{
				// The job reads the size, the encryption and the checksum of its upload back.
				Sid: "Dumps", Actions: []string{"s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"},
				Resources: pulumi.StringArray{pulumi.Sprintf("%s/%s/*", c.dumps.ARN, d.Name)},
			}, kubeadm.EncryptIn("Encrypt", c.key.ARN, c.dumps.ARN), kubeadm.DecryptIn("Decrypt", c.key.ARN, c.dumps.ARN)},
		}, pulumi.Provider(c.aws))
		if err != nil {
			return nil, err
		}
		upload.Roles[d.Name] = role.ARN
	}
	return upload, nil
}

// checkDumps refuses to start the database empty without a word while there are dumps of a lost one.
func checkDumps(ctx *pulumi.Context, s *Settings, live *liveAccount, via pulumi.InvokeOption) error {
	_, snapshot := live.restorable[nodePostgreSQL]
	exists := slices.ContainsFunc(live.volumes, func(v liveVolume) bool { return v.name == instance.DataVolumeName(nodePostgreSQL) })
	if exists || snapshot || slices.Contains(s.StartEmpty, nodePostgreSQL) {
		return nil
	}
	name, err := kubeconfig.Parameter(ctx, dumpsParameter(s.ClusterName()), via)
	if err != nil {
		if kubeconfig.Missing(err) { // a new stack
			return nil
		}
		return fmt.Errorf("read the name of the bucket of dumps: %w", err)
	}
	var latest []string
	for _, d := range databases() {
		found, err := s3.GetObjects(ctx, &s3.GetObjectsArgs{Bucket: name, Prefix: pulumi.StringRef(d.Name + "/"), MaxKeys: pulumi.IntRef(maxDays)}, via)
		if err != nil {
			return fmt.Errorf("list the dumps of database %s: %w", d.Name, err)
		}
		if len(found.Keys) > 0 { // names sort like times
			latest = append(latest, slices.Max(found.Keys))
		}
	}
	if len(latest) == 0 {
		return nil
	}
	return s.refuse("has lost a database of which there are dumps", validation.Problem{
		Field: ConfigPrefix + "startEmpty", Value: s.StartEmpty,
		Must: fmt.Sprintf("must name %s: its data volume does not exist, and no snapshot of it. Afterwards restore the dumps of bucket %s (%s) with "+
			"growbin restore-database NAME --replace", nodePostgreSQL, name, strings.Join(latest, ", ")),
	})
}
