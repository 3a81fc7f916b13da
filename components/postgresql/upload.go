package postgresql

import (
	"fmt"
	"path"

	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/pod"
	"github.com/growbin/cluster/components/validation"
)

// uploadConfig is the name of the AWS CLI's configuration in the ConfigMap.
const uploadConfig = "aws.config"

// uploadConfiguration keeps one part of 8 MiB in memory. A dump may have ten thousand of them.
const uploadConfiguration = `[default]
s3 =
  max_concurrent_requests = 1
  multipart_chunksize = 8MB
`

func (a ServerArgs) validateUpload(problems *validation.Problems) {
	u := a.Upload
	if u == nil {
		return
	}
	if u.Bucket == nil {
		problems.NotSet("Upload.Bucket", "must be the name of a bucket")
	}
	if u.Region == "" {
		problems.NotSet("Upload.Region", "must be the region of the bucket, e.g. ap-northeast-2")
	}
	pod.ValidateImage(problems, "Upload.Image", u.Image)
	problems.Include("Upload.Job", u.Job.Validate())
	for _, d := range a.Databases {
		if u.Roles[d.Name] == nil {
			problems.NotSet("Upload.Roles."+d.Name, "must be the ARN of a role that may put dumps of the database")
		}
	}
}

// createServiceAccount creates the identity by which a job takes its role.
func (s *Server) createServiceAccount(ctx *pulumi.Context, name string) error {
	if s.args.Upload == nil {
		return nil
	}
	_, err := core.NewServiceAccount(ctx, name, &core.ServiceAccountArgs{
		Metadata: &meta.ObjectMetaArgs{
			Name: pulumi.String(name), Namespace: s.args.Namespace.ToStringOutput(), Labels: pod.Labels("postgresql", s.name, "backup"),
		},
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, pulumi.Parent(s))
	if err != nil {
		return fmt.Errorf("create service account %s: %w", name, err)
	}
	return nil
}

// upload makes the dump the first step of the job, and its copy in the bucket the second: a job has succeeded when both have.
func (s *Server) upload(spec *core.PodSpecArgs, database Database) {
	volume, mount, identity := pod.AWSIdentity(s.args.Upload.Roles[database.Name])
	spec.ServiceAccountName = pulumi.String(BackupName(s.name, database.Name))
	spec.InitContainers = spec.Containers
	spec.Containers = core.ContainerArray{s.args.uploadContainer(database, mount, identity)}
	spec.Volumes = append(spec.Volumes.(core.VolumeArray), volume)
}

func (a ServerArgs) uploadContainer(database Database, mount core.VolumeMountArgs, identity core.EnvVarArray) core.ContainerArgs {
	variables := env(map[string]string{
		"DATABASE": database.Name, "BACKUP_DIR": backupDir, "AWS_REGION": a.Upload.Region,
		"AWS_CONFIG_FILE": path.Join(configDir, uploadConfig), "HOME": "/tmp",
	})
	variables = append(variables, core.EnvVarArgs{Name: pulumi.String("BUCKET"), Value: a.Upload.Bucket.ToStringOutput()})
	return core.ContainerArgs{
		Name:            pulumi.String("upload"),
		Image:           pulumi.String(a.Upload.Image),
		Command:         pulumi.ToStringArray([]string{path.Join(configDir, "upload.sh")}),
		Env:             append(variables, identity...),
		Resources:       a.Upload.Job.Args(),
		SecurityContext: pod.ContainerSecurity(0),
		VolumeMounts: core.VolumeMountArray{
			pod.Mount("config", configDir),
			mount,
			pod.Writable("tmp", "/tmp", ""),
			readOnly(pod.Writable("data", backupDir, backupSubPath)),
		},
	}
}
