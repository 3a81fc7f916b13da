package awssim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// caller is who makes a request: a session of a role, or nobody when it is nil.
type caller struct {
	// arn is that of the role, session that of its session.
	arn, session string
	policies     []*policy
	// boundary limits the policies; nil for no limit.
	boundary *policy
	// context are the condition keys of all requests, in lower case.
	context map[string]string
}

// sessionOf is a session of a role. Whoever makes it adds the keys of its kind to the context.
func (c *Cloud) sessionOf(owner *role, session string) *caller {
	who := &caller{
		arn: owner.arn(c), session: fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", c.options.AccountID, owner.name, session),
		policies: owner.policies(), boundary: owner.limit, context: c.requestContext(),
	}
	maps.Copy(who.context, map[string]string{"aws:principalaccount": c.options.AccountID, "aws:principalarn": who.arn, "aws:userid": owner.uniqueID + ":" + session})
	for key, value := range owner.tags {
		who.context["aws:principaltag/"+strings.ToLower(key)] = value
	}
	return who
}

// decide evaluates the caller's own policies: those that are attached and the boundary must both allow.
func (who *caller) decide(r request) error {
	if err := decide(who.policies, r); err != nil || who.boundary == nil {
		return err
	}
	if decide([]*policy{who.boundary}, r) != nil {
		return errBounded
	}
	return nil
}

// requestContext are the keys that do not depend on the caller.
func (c *Cloud) requestContext() map[string]string {
	return map[string]string{"aws:currenttime": c.now(), "aws:requestedregion": c.options.Region, "aws:securetransport": "true", "s3:tlsversion": "1.3"}
}

// authorize decides a request by the policies of the caller and those of the resource, as AWS does within one account: a deny in
// any of them wins, and an allow in one of them is enough. The cloud must be locked.
func (c *Cloud) authorize(who *caller, service, operation string, r request) error {
	context := c.requestContext()
	identity, name := errNotAllowed, "anonymous"
	if who != nil {
		context = maps.Clone(who.context)
	}
	maps.Copy(context, r.context)
	r.context = context
	if who != nil {
		identity, name = who.decide(r), fmt.Sprintf("%s (role %s)", who.session, who.arn)
	}
	resource, restricted, err := c.resourcePolicy(r.resource)
	if err != nil {
		return refuse(service, operation, "MalformedPolicy", "%s", err)
	}
	allowed := identity == nil
	for _, s := range resource {
		if !c.names(s, who) || !s.matches(r) {
			continue
		}
		if s.Effect == "Deny" {
			return refuse(service, operation, deniedCode(service), "User: %s is not authorized to perform: %s on resource: %s with an explicit deny in a resource-based policy",
				name, r.action, r.resource)
		}
		allowed = allowed || identity != errDenied && (who != nil || !restricted)
	}
	if !allowed {
		return refuse(service, operation, deniedCode(service), "User: %s is not authorized to perform: %s on resource: %s %s %s action",
			name, r.action, r.resource, identity, r.action)
	}
	return nil
}

// resourcePolicy returns the policy of a bucket, and whether its public access block hides it from everyone outside.
func (c *Cloud) resourcePolicy(resource string) (statements []statement, restricted bool, err error) {
	path, isBucket := strings.CutPrefix(resource, "arn:aws:s3:::")
	name, _, _ := strings.Cut(path, "/")
	b := c.buckets[name]
	if !isBucket || b == nil || b.settings[bucketPolicyToken] == nil {
		return nil, false, nil
	}
	p, err := parsePolicy(b.text(bucketPolicyToken, "policy"))
	if err != nil {
		return nil, false, err
	}
	block := b.settings[bucketPublicAccessBlockToken]
	return p.Statement, block == nil || block.in.flag("restrictPublicBuckets"), nil
}

// names reports whether the statement of a resource's policy is about the caller. A statement for the whole account leaves the
// decision to the caller's own policies, so an allow there adds nothing.
func (c *Cloud) names(s statement, who *caller) bool {
	named := slices.Concat(s.principals()["*"], s.principals()["AWS"])
	if slices.Contains(named, "*") {
		return true
	}
	if who == nil {
		return false
	}
	account := s.Effect == "Deny" && (slices.Contains(named, c.options.AccountID) || slices.Contains(named, c.globalARN("iam", "root")))
	return account || slices.Contains(named, who.arn) || slices.Contains(named, who.session)
}

// Session is a caller with temporary credentials. Its methods are those of the services.
type Session struct {
	cloud *Cloud
	who   *caller
}

// ARN names the session.
func (s *Session) ARN() string { return s.who.session }

// Principal is a session of somebody else of the account, e.g. a user, with identity policies of its own.
func (c *Cloud) Principal(arn string, policies ...string) (*Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	who := &caller{arn: arn, session: arn, context: c.requestContext()}
	maps.Copy(who.context, map[string]string{"aws:principalaccount": c.options.AccountID, "aws:principalarn": arn})
	for _, text := range policies {
		p, err := parseIdentityPolicy(text)
		if err != nil {
			return nil, err
		}
		who.policies = append(who.policies, p)
	}
	return &Session{cloud: c, who: who}, nil
}

// GetParameter reads a parameter, decrypted.
func (s *Session) GetParameter(name string) (string, error) {
	s.cloud.mu.Lock()
	defer s.cloud.mu.Unlock()
	return s.cloud.getParameterAs(s.who, name)
}

// PutObject, GetObject and ListObjects use S3 with the permissions of the session.
func (s *Session) PutObject(bucketName, key string, content []byte) error {
	s.cloud.mu.Lock()
	defer s.cloud.mu.Unlock()
	return s.cloud.putObjectAs(s.who, bucketName, key, content)
}

// GetObject reads an object.
func (s *Session) GetObject(bucketName, key string) ([]byte, error) {
	s.cloud.mu.Lock()
	defer s.cloud.mu.Unlock()
	return s.cloud.getObjectAs(s.who, bucketName, key)
}

// ListObjects are the keys that begin with the prefix, in order.
func (s *Session) ListObjects(bucketName, prefix string) ([]string, error) {
	s.cloud.mu.Lock()
	defer s.cloud.mu.Unlock()
	return s.cloud.listObjectsAs(s.who, bucketName, prefix)
}

// ObjectSize is that of an object in bytes, 0 without one. The answer to ListObjects has it in S3.
func (s *Session) ObjectSize(bucketName, key string) int {
	s.cloud.mu.Lock()
	defer s.cloud.mu.Unlock()
	content, err := s.cloud.getObject(bucketName, key)
	if err != nil {
		return 0
	}
	return len(content)
}

// Anonymous reads an object as everyone may, over HTTPS without credentials.
func (c *Cloud) Anonymous(bucketName, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.getObjectAs(nil, bucketName, key)
}

func objectARN(bucketName, key string) string { return "arn:aws:s3:::" + bucketName + "/" + key }

func (c *Cloud) putObjectAs(who *caller, bucketName, key string, content []byte) error {
	const operation = "PutObject"
	if err := c.authorize(who, "S3", operation, request{action: "s3:PutObject", resource: objectARN(bucketName, key)}); err != nil {
		return err
	}
	if b := c.buckets[bucketName]; b != nil && b.kmsKey() != "" {
		if err := c.useObjectKey(who, operation, "kms:GenerateDataKey", b.kmsKey(), b.encryptionContext(key)); err != nil {
			return err
		}
	}
	return c.putObject(bucketName, key, content)
}

// getObjectAs reports a missing object only to those who may list the bucket, as S3 does.
func (c *Cloud) getObjectAs(who *caller, bucketName, key string) ([]byte, error) {
	const operation = "GetObject"
	if err := c.authorize(who, "S3", operation, request{action: "s3:GetObject", resource: objectARN(bucketName, key)}); err != nil {
		return nil, err
	}
	b := c.buckets[bucketName]
	if b == nil {
		return c.getObject(bucketName, key)
	}
	versions := b.objects[key]
	if len(versions) == 0 {
		if err := c.authorize(who, "S3", operation, request{action: "s3:ListBucket", resource: "arn:aws:s3:::" + bucketName}); err != nil {
			return nil, err
		}
	}
	if newest := versions[max(len(versions)-1, 0):]; len(newest) > 0 && newest[0].key != "" {
		if err := c.useObjectKey(who, operation, "kms:Decrypt", newest[0].key, b.encryptionContext(key)); err != nil {
			return nil, err
		}
	}
	return c.getObject(bucketName, key)
}

// useObjectKey is a request of S3 to KMS, whose refusal S3 passes on.
func (c *Cloud) useObjectKey(who *caller, operation, action, key string, context map[string]string) error {
	err := error(wording("anonymous requests may not use KMS"))
	if who != nil {
		err = c.useKey(who, key, "s3", action, context)
	}
	if err != nil {
		return refuseS3(operation, "AccessDenied", "%s", err)
	}
	return nil
}

func (c *Cloud) listObjectsAs(who *caller, bucketName, prefix string) ([]string, error) {
	const operation = "ListObjectsV2"
	if err := c.authorize(who, "S3", operation, request{action: "s3:ListBucket", resource: "arn:aws:s3:::" + bucketName}); err != nil {
		return nil, err
	}
	return c.listObjects(bucketName, prefix)
}

// unmarshal reads JSON that came from a bucket.
func unmarshal(content []byte, into any) error {
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("it is no JSON of the expected form: %w", err)
	}
	return nil
}
