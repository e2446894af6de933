"""Pages of this app, under the portal."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from people.views import account, delegations, desk, passkeys, provider, rights, sign_in

app_name = "people"
urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/passkey/", sign_in.passkey_sign_in, name="passkey-sign-in"),
    path("sign-in/provider/", provider.begin, name="provider-sign-in"),
    path("sign-in/provider/callback/", provider.callback, name="provider-callback"),
    path("sign-in/provider/logout/", provider.logout, name="provider-logout"),
    path("sign-out/", account.sign_out, name="sign-out"),
    path("second-factor/", sign_in.second_factor_page, name="second-factor"),
    path("second-factor/set-up/", sign_in.second_factor_set_up, name="second-factor-set-up"),
    path("second-factor/set-up/code.svg", sign_in.second_factor_code, name="second-factor-code"),
    path("second-factor/passkey/", sign_in.passkey_add, name="passkey-add"),
    path("password/", account.password, name="password"),
    path("profile/", account.profile, name="profile"),
    path("profile/notices/read/", account.notices_read, name="notices-read"),
    path("profile/passkeys/<uuid:passkey_id>/remove/", passkeys.remove, name="passkey-remove"),
    path("profile/delegations/", delegations.own, name="delegations"),
    path("profile/delegations/new/", delegations.make, name="delegation-new"),
    path("profile/delegations/<uuid:delegation_id>/revoke/", delegations.revoke, name="delegation-revoke"),
    path("profile/absences/new/", delegations.announce, name="absence-new"),
    path("profile/absences/<uuid:absence_id>/cancel/", delegations.cancel, name="absence-cancel"),
    path("people/", account.people, name="people"),
    path("people/rights/", rights.rights, name="rights"),
    path("people/rights.csv", rights.rights_csv, name="rights-csv"),
    path("profile/mail/", desk.mail, name="mail"),
    path("profile/calendar/", desk.calendar_new, name="calendar-new"),
    path("profile/calendar/end/", desk.calendar_end, name="calendar-end"),
    path("profile/due.ics", desk.calendar, name="calendar"),
    path("lists/<slug:name>/export/", desk.export, name="list-export"),
    path("lists/<slug:name>/views/", desk.view_save, name="view-save"),
    path("lists/views/<uuid:view_id>/delete/", desk.view_delete, name="view-delete"),
]
