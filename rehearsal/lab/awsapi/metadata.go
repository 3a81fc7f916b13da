package awsapi

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// Metadata returns the instance metadata service, version 2 only, with the categories that cloud-init and the boot scripts
// read (EC2 User Guide, "Instance metadata categories"). User data is served gzipped, as EC2 stores it.
func (s *Server) Metadata() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", s.token)
	mux.HandleFunc("GET /{version}/user-data", s.withToken(s.userData))
	mux.HandleFunc("GET /{version}/meta-data/{path...}", s.withToken(s.metadata))
	mux.HandleFunc("GET /{version}/dynamic/instance-identity/document", s.withToken(s.identity))
	mux.HandleFunc("GET /{version}/dynamic/{$}", s.withToken(func(w http.ResponseWriter, _ *http.Request, _ *awssim.Machine) {
		fmt.Fprint(w, "instance-identity/")
	}))
	return mux
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.delayMetadata()
	instance, err := s.caller(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	lifetime, err := strconv.Atoi(r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"))
	if err != nil || lifetime < 1 || lifetime > 21600 {
		http.Error(w, "X-aws-ec2-metadata-token-ttl-seconds must be 1 to 21600", http.StatusBadRequest)
		return
	}
	token := rand.Text()
	s.mu.Lock()
	s.tokens[token] = instance.ID
	s.mu.Unlock()
	w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", strconv.Itoa(lifetime))
	fmt.Fprint(w, token)
}

// withToken refuses requests without a token of the same instance.
func (s *Server) withToken(serve func(http.ResponseWriter, *http.Request, *awssim.Machine)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		instance, err := s.caller(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		s.mu.Lock()
		owner := s.tokens[r.Header.Get("X-Aws-Ec2-Metadata-Token")]
		s.mu.Unlock()
		if owner != instance.ID {
			http.Error(w, "the request needs a session token of this instance", http.StatusUnauthorized)
			return
		}
		serve(w, r, instance)
	}
}

func (s *Server) userData(w http.ResponseWriter, _ *http.Request, instance *awssim.Machine) {
	data, err := base64.StdEncoding.DecodeString(instance.UserData)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(data) // a client that hangs up retries
}

// values returns the leaves of the metadata tree by path.
func (s *Server) values(instance *awssim.Machine) map[string]string {
	host := "ip-" + strings.ReplaceAll(instance.PrivateIP, ".", "-")
	return map[string]string{
		"ami-id": instance.ImageID, "instance-id": s.InstanceID(instance), "instance-type": instance.InstanceType, "local-ipv4": instance.PrivateIP,
		"hostname": host, "local-hostname": host, "placement/availability-zone": instance.Zone, "placement/region": s.cloud.Region(),
		"iam/security-credentials/" + instance.InstanceProfile: "",
	}
}

func (s *Server) metadata(w http.ResponseWriter, r *http.Request, instance *awssim.Machine) {
	path := r.PathValue("path")
	if path == "iam/security-credentials/"+instance.InstanceProfile {
		keys := s.credentialsOf(instance)
		_ = json.NewEncoder(w).Encode(map[string]string{
			"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": keys.accessKey, "SecretAccessKey": keys.secretKey, "Token": keys.sessionToken,
			"Expiration": time.Now().Add(6 * time.Hour).UTC().Format(time.RFC3339),
		})
		return
	}
	values := s.values(instance)
	if value, ok := values[path]; ok {
		fmt.Fprint(w, value)
		return
	}
	below := listing(values, path)
	if len(below) == 0 {
		http.NotFound(w, r)
		return
	}
	fmt.Fprint(w, strings.Join(below, "\n"))
}

// listing returns the names directly below a path; those with children end with a slash.
func listing(values map[string]string, path string) []string {
	if path != "" && !strings.HasSuffix(path, "/") {
		path += "/"
	}
	var below []string
	for name := range values {
		rest, ok := strings.CutPrefix(name, path)
		if !ok || rest == "" {
			continue
		}
		if i := strings.Index(rest, "/"); i >= 0 {
			rest = rest[:i+1]
		}
		if !slices.Contains(below, rest) {
			below = append(below, rest)
		}
	}
	slices.Sort(below)
	return below
}

func (s *Server) identity(w http.ResponseWriter, _ *http.Request, instance *awssim.Machine) {
	_ = json.NewEncoder(w).Encode(map[string]string{
		"accountId": s.cloud.AccountID(), "availabilityZone": instance.Zone, "imageId": instance.ImageID, "instanceId": s.InstanceID(instance),
		"instanceType": instance.InstanceType, "privateIp": instance.PrivateIP, "region": s.cloud.Region(), "architecture": "x86_64",
	})
}
