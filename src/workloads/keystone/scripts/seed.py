"""Users, services and endpoints that are missing, written where keystone itself would write them.

It only adds: what is there and is another is the operator's to mend, over the API. Of a first start it saves some forty
requests, each with a token to check, and no service meets a keystone that does not know it yet.
"""
import uuid

from keystone import exception
from keystone.common import driver_hints, provider_api
from hashing import hashed_for

PROVIDERS = provider_api.ProviderAPIs


class Seed:
    def __init__(self, administrator, region):
        self.domain = administrator.default_domain_id
        self.region = region
        self.roles = {
            "admin": administrator.admin_role_id,
            "member": administrator.member_role_id,
            "service": administrator.service_role_id,
        }

    def add(self, users, services, password):
        for user in users:
            self._user(user, password)
        for service in services:
            self._service(service)

    def _user(self, wanted, password):
        project = self._project(wanted["project"])
        try:
            user = PROVIDERS.identity_api.get_user_by_name(wanted["name"], self.domain)
        except exception.UserNotFound:
            fields = {"name": wanted["name"], "password": password(wanted["name"]), "domain_id": self.domain}
            with hashed_for(fields["password"]):
                user = PROVIDERS.identity_api.create_user({**fields, "enabled": True})
        for role in wanted["roles"]:
            try:
                PROVIDERS.assignment_api.add_role_to_user_and_project(user["id"], project, self.roles[role])
            except exception.Conflict:
                pass  # it has it

    def _project(self, name):
        try:
            return PROVIDERS.resource_api.get_project_by_name(name, self.domain)["id"]
        except exception.ProjectNotFound:
            fields = {"id": uuid.uuid4().hex, "name": name, "domain_id": self.domain, "enabled": True}
            return PROVIDERS.resource_api.create_project(fields["id"], fields)["id"]

    def _service(self, wanted):
        found = PROVIDERS.catalog_api.list_services(hints(name=wanted["name"], type=wanted["type"]))
        service = found[0] if found else self._new_service(wanted)
        there = PROVIDERS.catalog_api.list_endpoints(hints(service_id=service["id"], region_id=self.region))
        # Those that a start which was interrupted has left out, too.
        for interface in wanted["endpoints"].keys() - {endpoint["interface"] for endpoint in there}:
            endpoint = {
                "id": uuid.uuid4().hex,
                "interface": interface,
                "url": wanted["endpoints"][interface],
                "service_id": service["id"],
                "region_id": self.region,
                "enabled": True,
            }
            PROVIDERS.catalog_api.create_endpoint(endpoint["id"], endpoint)

    def _new_service(self, wanted):
        service = {"id": uuid.uuid4().hex, "name": wanted["name"], "type": wanted["type"], "enabled": True}
        return PROVIDERS.catalog_api.create_service(service["id"], service)


def hints(**filters):
    made = driver_hints.Hints()
    for name, value in filters.items():
        made.add_filter(name, value)
    return made
