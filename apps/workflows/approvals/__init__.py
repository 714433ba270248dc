"""What people decide for runs: who may answer, what an answer does, and how those who are asked hear of it.

`deciding` takes answers, `assigning` tells whose right one may use, `forms` what is filled in, `delegating` lets
members stand in for each other, `reminding` keeps to reminders and escalations, `mails` tells those who are asked, and
`links` brings them to the question. Nothing here knows of a page or of the API.
"""
