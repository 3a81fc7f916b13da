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

// Metadata is the instance metadata service, version 2 only, as far as cloud-init and the boot scripts ask
// (EC2 User Guide, "Instance metadata categories"). The user data is served as the bytes that EC2 keeps.
func (d *Door) Metadata() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", d.token)
	mux.HandleFunc("GET /{version}/user-data", d.withToken(d.userData))
	mux.HandleFunc("GET /{version}/meta-data/{path...}", d.withToken(d.metadata))
	mux.HandleFunc("GET /{version}/dynamic/instance-identity/document", d.withToken(d.identity))
	mux.HandleFunc("GET /{version}/dynamic/{$}", d.withToken(func(w http.ResponseWriter, _ *http.Request, _ *awssim.Machine) {
		fmt.Fprint(w, "instance-identity/")
	}))
	return mux
}

func (d *Door) token(w http.ResponseWriter, r *http.Request) {
	time.Sleep(d.Faults.slowness())
	machine, err := d.caller(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	lifetime, err := strconv.Atoi(r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"))
	if err != nil || lifetime < 1 || lifetime > 21600 {
		http.Error(w, "a token needs a lifetime of 1 to 21600 seconds", http.StatusBadRequest)
		return
	}
	token := rand.Text()
	d.mu.Lock()
	d.tokens[token] = machine.ID
	d.mu.Unlock()
	w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", strconv.Itoa(lifetime))
	fmt.Fprint(w, token)
}

// withToken refuses what does not come with a token of the same machine.
func (d *Door) withToken(serve func(http.ResponseWriter, *http.Request, *awssim.Machine)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		machine, err := d.caller(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		d.mu.Lock()
		owner := d.tokens[r.Header.Get("X-Aws-Ec2-Metadata-Token")]
		d.mu.Unlock()
		if owner != machine.ID {
			http.Error(w, "a token is required", http.StatusUnauthorized)
			return
		}
		serve(w, r, machine)
	}
}

func (d *Door) userData(w http.ResponseWriter, _ *http.Request, machine *awssim.Machine) {
	data, err := base64.StdEncoding.DecodeString(machine.UserData)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(data) // a caller that hangs up asks again
}

// values are the leaves of the metadata tree.
func (d *Door) values(machine *awssim.Machine) map[string]string {
	host := "ip-" + strings.ReplaceAll(machine.PrivateIP, ".", "-")
	return map[string]string{
		"ami-id": machine.ImageID, "instance-id": d.InstanceID(machine), "instance-type": machine.InstanceType, "local-ipv4": machine.PrivateIP,
		"hostname": host, "local-hostname": host, "placement/availability-zone": machine.Zone, "placement/region": d.cloud.Region(),
		"iam/security-credentials/" + machine.InstanceProfile: "",
	}
}

func (d *Door) metadata(w http.ResponseWriter, r *http.Request, machine *awssim.Machine) {
	path := r.PathValue("path")
	if path == "iam/security-credentials/"+machine.InstanceProfile {
		keys := d.credentialsOf(machine)
		_ = json.NewEncoder(w).Encode(map[string]string{
			"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": keys.access, "SecretAccessKey": keys.secret, "Token": keys.session,
			"Expiration": time.Now().Add(6 * time.Hour).UTC().Format(time.RFC3339),
		})
		return
	}
	values := d.values(machine)
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

// listing is what stands directly below a path; folders end with a slash.
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

func (d *Door) identity(w http.ResponseWriter, _ *http.Request, machine *awssim.Machine) {
	_ = json.NewEncoder(w).Encode(map[string]string{
		"accountId": d.cloud.AccountID(), "availabilityZone": machine.Zone, "imageId": machine.ImageID, "instanceId": d.InstanceID(machine),
		"instanceType": machine.InstanceType, "privateIp": machine.PrivateIP, "region": d.cloud.Region(), "architecture": "x86_64",
	})
}
