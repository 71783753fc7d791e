module underpin.dev/underlay/pause

go 1.26
