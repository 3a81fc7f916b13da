package awssim

import (
	"maps"
	"slices"
	"strings"
)

// PutObject stores an object with the permissions of the machine's instance profile.
func (m *Machine) PutObject(bucketName, key string, content []byte) error {
	const operation = "PutObject"
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	if err := m.mayUseBucket(operation, "s3:PutObject", bucketName, "/"+key); err != nil {
		return err
	}
	return m.cloud.putObject(bucketName, key, content)
}

// GetObject reads an object with the permissions of the machine's instance profile. Like S3 it
// reports a missing object only to those who may list the bucket.
func (m *Machine) GetObject(bucketName, key string) ([]byte, error) {
	const operation = "GetObject"
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	if err := m.mayUseBucket(operation, "s3:GetObject", bucketName, "/"+key); err != nil {
		return nil, err
	}
	if b := m.cloud.buckets[bucketName]; b != nil && len(b.objects[key]) == 0 {
		if err := m.mayUseBucket(operation, "s3:ListBucket", bucketName, ""); err != nil {
			return nil, err
		}
	}
	return m.cloud.getObject(bucketName, key)
}

// ListObjects are the keys that begin with the prefix, in order, as the machine's instance profile may see them.
func (m *Machine) ListObjects(bucketName, prefix string) ([]string, error) {
	const operation = "ListObjectsV2"
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	if err := m.mayUseBucket(operation, "s3:ListBucket", bucketName, ""); err != nil {
		return nil, err
	}
	b := m.cloud.buckets[bucketName]
	if b == nil {
		return nil, noBucket(operation, bucketName)
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(b.objects)), func(key string) bool { return !strings.HasPrefix(key, prefix) }), nil
}

// mayUseBucket decides whether the machine may make an S3 call: its role must allow it, and the bucket's policy must not deny
// it. An allow of a bucket's policy is not evaluated: the result is never more generous than AWS's.
func (m *Machine) mayUseBucket(operation, action, bucketName, path string) error {
	i, err := m.cloud.instanceNamed(operation, m.ID)
	if err != nil {
		return err
	}
	r := request{action: action, resource: "arn:aws:s3:::" + bucketName + path}
	if err := m.cloud.authorize(i, "S3", operation, r); err != nil {
		return err
	}
	b := m.cloud.buckets[bucketName]
	if b == nil || b.settings[bucketPolicyToken] == nil {
		return nil
	}
	p, err := parsePolicy(b.text(bucketPolicyToken, "policy"))
	if err != nil {
		return refuseS3(operation, "MalformedPolicy", "%s", err)
	}
	owner := m.cloud.profiles[i.profile].role
	r.context = m.cloud.requestContext(i, owner)
	for _, s := range p.Statement {
		named := append(append([]string{}, s.principals()["*"]...), s.principals()["AWS"]...)
		if s.Effect == "Deny" && (slices.Contains(named, "*") || slices.Contains(named, owner.arn(m.cloud))) && s.matches(r) {
			return refuseS3(operation, "AccessDenied", "User: %s is not authorized to perform: %s on resource: %s with an explicit deny in a resource-based policy",
				owner.arn(m.cloud), action, r.resource)
		}
	}
	return nil
}
